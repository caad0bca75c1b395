//! XML reader and writer for annotation files: elements with attributes, children and text. Only the five predefined
//! entities are supported, so that a small file cannot expand.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

use roxmltree::{Document, Error as XmlError, Node, ParsingOptions};

use crate::annotations::text;
use crate::error::{Error, Result};

/// Maximum depth of nested elements.
const MAX_DEPTH: usize = 64;
/// Maximum number of undeclared prefixes in a file: for each, it is parsed once more.
const MAX_PREFIXES: usize = 16;

/// A parsed element.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    /// Line number of its start, from 1.
    pub line: usize,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// Its own text, without that of its children.
    pub text: String,
}

impl Element {
    /// Returns the root element of the file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not well-formed, with the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text::read(path)?;
        parse(&text).map_err(|(line, cause)| {
            Error::file(path, format!("line {line}: {cause}"), "Choose another file, or export it again")
        })
    }

    /// Returns the value of an attribute; `None` if it is missing.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the children named `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the descendant along the path `names`: the first child with the first name, its first child with the
    /// next name, and so on.
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |element, name| element.children.iter().find(|child| child.name == *name))
    }
}

type Parsed<T> = std::result::Result<T, (usize, String)>;

fn parse(text: &str) -> Parsed<Element> {
    let mut text = Cow::Borrowed(text);
    // Tools without support for namespaces omit the declarations of prefixes. They are added in the line of the
    // outermost element, so that the numbers of all lines are unchanged.
    for _ in 0..MAX_PREFIXES {
        let Err(XmlError::UnknownNamespace(prefix, _)) = parse_document(&text) else { break };
        let declaration = format!(" xmlns:{prefix}=\"{prefix}\"");
        let Some(place) = root_name_end(&text) else { break };
        text.to_mut().insert_str(place, &declaration);
    }
    let text = text.as_ref();
    let document = parse_document(text).map_err(|error| {
        let is_cut_off = matches!(error, XmlError::UnclosedRootNode | XmlError::UnexpectedEndOfStream);
        let line = if is_cut_off { text::line_of(text.as_bytes(), text.len()) } else { error.pos().row as usize };
        let cause = match error {
            XmlError::DtdDetected => "entities are defined in it".to_owned(),
            _ => without_place(&error.to_string()).to_owned(),
        };
        (line, cause)
    })?;
    element(document.root_element(), &mut Lines { text, line: 1, counted: 0 }, 1)
}

fn parse_document(text: &str) -> std::result::Result<Document<'_>, XmlError> {
    // A document type is skipped if it defines no entities.
    let options = ParsingOptions { allow_dtd: !text.contains("<!ENTITY"), ..ParsingOptions::default() };
    Document::parse_with_options(text, options)
}

/// Returns the end of the root element's name.
fn root_name_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find('<')?;
        let rest = &text[at..];
        let skipped = match rest {
            _ if rest.starts_with("<!--") => rest.find("-->")?,
            _ if rest.starts_with("<?") => rest.find("?>")?,
            _ if rest.starts_with("<!") => rest.find('>')?,
            _ => return rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).map(|end| at + end),
        };
        at += skipped;
    }
}

/// Returns a parser message without the suffix ` at LINE:COLUMN`.
fn without_place(message: &str) -> &str {
    let is_place = |place: &str| place.split(':').all(|number| number.parse::<u32>().is_ok());
    message.rsplit_once(" at ").filter(|(_, place)| is_place(place)).map_or(message, |(cause, _)| cause)
}

/// Converts positions to line numbers incrementally: counting from the beginning each time would take hours for a large
/// file.
struct Lines<'a> {
    text: &'a str,
    line: usize,
    counted: usize,
}

impl Lines<'_> {
    fn at(&mut self, place: usize) -> usize {
        self.line += text::line_of(&self.text.as_bytes()[self.counted..place], place) - 1;
        self.counted = place;
        self.line
    }
}

fn element(node: Node<'_, '_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Element> {
    let line = lines.at(node.range().start);
    if depth > MAX_DEPTH {
        return Err((line, "elements are nested too deeply".to_owned()));
    }
    let children = node.children().filter(Node::is_element);
    Ok(Element {
        name: node.tag_name().name().to_owned(),
        line,
        attributes: node
            .attributes()
            .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
            .collect(),
        children: children.map(|child| element(child, lines, depth + 1)).collect::<Parsed<_>>()?,
        text: node.children().filter(Node::is_text).filter_map(|text| text.text()).collect(),
    })
}

/// Writes XML, one element per line.
#[derive(Default)]
pub(super) struct XmlWriter {
    text: String,
    open: Vec<&'static str>,
}

impl XmlWriter {
    /// Creates an empty document.
    pub fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into(), open: Vec::new() }
    }

    /// Opens an element.
    pub fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text += ">\n";
        self.open.push(name);
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            let _ = writeln!(self.text, "</{name}>");
        }
    }

    /// Writes an element without content.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text += "/>\n";
    }

    /// Writes an element with text.
    pub fn element(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        self.text += ">";
        escape(&mut self.text, text);
        let _ = writeln!(self.text, "</{name}>");
    }

    /// Closes all elements and returns the document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (key, value) in attributes {
            let _ = write!(self.text, " {key}=\"");
            escape(&mut self.text, value);
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        self.text.extend(self.open.iter().map(|_| "  "));
    }
}

/// Appends text with XML escapes; characters that XML cannot represent are left out.
fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => *xml += "&amp;",
            '<' => *xml += "&lt;",
            '>' => *xml += "&gt;",
            '"' => *xml += "&quot;",
            '\n' | '\r' | '\t' => _ = write!(xml, "&#{};", c as u32),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
            _ => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let odd = "a & \"b\" <c>\r\n\t'd' ]]> 🏌️ ";
        let mut writer = XmlWriter::new();
        writer.open("outer", &[("key", odd)]);
        writer.element("inner", &[], odd);
        writer.empty("inner", &[("n", "2")]);
        let text = writer.finish();
        let element = parse(&text).unwrap();
        assert_eq!((element.name.as_str(), element.attribute("key")), ("outer", Some(odd)));
        assert_eq!(element.children[0].text, odd);
        assert_eq!((element.children[1].attribute("n"), element.children[1].line), (Some("2"), 4));
    }

    #[test]
    fn prefixes_that_are_not_declared_are_read_past() {
        let text =
            "<?xml version=\"1.0\"?>\n<!-- <old> -->\n<!DOCTYPE a>\n<a x:b=\"1\">\n<y:c z:d=\"2\">text</y:c></a>";
        let element = parse(text).unwrap();
        assert_eq!((element.line, element.attribute("b"), element.children[0].line), (4, Some("1"), 5));
        assert_eq!((element.children[0].name.as_str(), element.children[0].attribute("d")), ("c", Some("2")));
        assert_eq!(parse("<x:a/>").unwrap().name, "a");
        assert_eq!(parse("<a>\n<x:b></a>").unwrap_err().0, 2);
    }

    #[test]
    fn what_is_not_well_formed_is_told_with_its_line() {
        for (text, line) in [
            ("<a>\n<b>\n</a>", 3),
            ("<a>\n\n<b", 3),
            ("<a>", 1),
            ("", 1),
            ("text", 1),
            ("<a>&nbsp;</a>", 1),
            ("</a>", 1),
            ("<a b=\"&x;\"/>", 1),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.0, line, "{text:?}: {}", error.1);
        }
        assert!(parse(&"<a>".repeat(1_000_000)).is_err());
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert_eq!(parse(bomb).unwrap_err().1, "entities are defined in it");
        assert_eq!(parse("<a>\n&nbsp;</a>").unwrap_err(), (2, "unknown entity reference 'nbsp'".to_owned()));
        assert!(parse("<!DOCTYPE a SYSTEM \"a.dtd\">\n<a/>").is_ok(), "a document type alone");
        let deep = ["<a>", "</a>"].map(|tag| tag.repeat(1_000)).concat();
        assert!(parse(&deep).unwrap_err().1.contains("nested too deeply"));
    }
}
