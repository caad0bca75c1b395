//! A small XML reader and writer for annotation files: elements with attributes, children and text. Only the five
//! predefined entities are supported, so that a small file cannot expand.

use std::fmt::Write;
use std::path::Path;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::text;
use crate::error::{Error, Result};

/// Elements within elements that make sense.
const MAX_DEPTH: usize = 64;

/// An element that was read.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    /// The line it begins in, from 1.
    pub line: usize,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// Its text, without that of its children.
    pub text: String,
}

impl Element {
    /// Returns the outermost element of the file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not well-formed, with the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text::read(path)?;
        parse(&text).map_err(|(line, cause)| {
            Error::file(path, format!("line {line}: {cause}"), "Choose another file, or export it again")
        })
    }

    /// Returns the value of an attribute; nothing if it is not there.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the children called `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the first child called `name`, that one's first child called by the next name, and so on.
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |element, name| element.children.iter().find(|child| child.name == *name))
    }
}

type Parsed<T> = std::result::Result<T, (usize, String)>;

fn parse(text: &str) -> Parsed<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()]; // the document itself, in which the outermost element is
    let (mut line, mut counted) = (1, 0);
    loop {
        let position = (reader.buffer_position() as usize).clamp(counted, text.len());
        line += text::line_of(&text.as_bytes()[counted..position], position) - 1;
        counted = position;
        let wrong = |error: &dyn std::fmt::Display| (line, error.to_string());
        let event = reader.read_event().map_err(|error| wrong(&error))?;
        let last = open.last_mut().ok_or_else(|| wrong(&"an element is closed that is not open"))?;
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(wrong(&"too many elements are within each other"));
                }
                open.push(element(&start, line)?);
            }
            Event::Empty(start) => last.children.push(element(&start, line)?),
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                open.last_mut().ok_or_else(|| wrong(&"an element is closed that is not open"))?.children.push(closed);
            }
            Event::Text(text) => last.text += &text.decode().map_err(|error| wrong(&error))?,
            Event::CData(text) => last.text += &text.decode().map_err(|error| wrong(&error))?,
            Event::GeneralRef(reference) => last.text += &resolve(&reference).map_err(|cause| (line, cause))?,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let line = text::line_of(text.as_bytes(), text.len());
    let mut document = open.pop().filter(|_| open.is_empty()).ok_or((line, "it ends unexpectedly".to_owned()))?;
    document.children.pop().ok_or((line, "it holds no element".to_owned()))
}

fn element(start: &BytesStart<'_>, line: usize) -> Parsed<Element> {
    let wrong = |error: &dyn std::fmt::Display| (line, error.to_string());
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| wrong(&error))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| wrong(&error))?;
        attributes.push((String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value.into_owned()));
    }
    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
    Ok(Element { name, line, attributes, ..Element::default() })
}

fn resolve(reference: &BytesRef<'_>) -> std::result::Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| error.to_string())?;
    resolve_xml_entity(&name).map(str::to_owned).ok_or_else(|| format!("there is no character called &{name};"))
}

/// XML that is being written, an element a line.
#[derive(Default)]
pub(super) struct XmlWriter {
    text: String,
    open: Vec<&'static str>,
}

impl XmlWriter {
    /// Returns an empty document.
    pub fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into(), open: Vec::new() }
    }

    /// Opens an element.
    pub fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text += ">\n";
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            let _ = writeln!(self.text, "</{name}>");
        }
    }

    /// An element with nothing in it.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text += "/>\n";
    }

    /// An element with text in it.
    pub fn element(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        self.text += ">";
        escape(&mut self.text, text);
        let _ = writeln!(self.text, "</{name}>");
    }

    /// Returns all that was written, every element closed.
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

/// Text as XML holds it; characters that XML has no place for are left out.
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
        assert!(parse(bomb).unwrap_err().1.contains("&b;"));
    }
}
