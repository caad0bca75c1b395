//! Within a top module the files import each other in one direction: none imports itself by way of others.
//! Re-exports are followed to the file that defines a name; calls of methods are not seen, as they need no import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Imports that may close a circle: the file, the file that it imports, and why.
const ALLOWED: [(&str, &str, &str); 0] = [];

/// The text of each source file by its path below `src`.
type Sources = BTreeMap<String, String>;

/// The names of a module and those of its parents, from the root of the crate.
type ModulePath = Vec<String>;

/// For each file the other files of its top module that it names, each with one such name.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

/// What a module holds by name, and its code.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Path of each name that a `use` brings here.
    imports: BTreeMap<String, Vec<String>>,
    /// Names that the file itself defines.
    items: BTreeSet<String>,
    tokens: Vec<String>,
}

/// Returns the words, `::` and other signs of a file, without comments and literals.
fn tokens(text: &str) -> Vec<String> {
    let code: Vec<char> = text.chars().collect();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let starts = |sign: &str| sign.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
        if starts("//") {
            at += rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
        } else if rest[0] == '"' {
            at += string_length(rest);
        } else if starts("r\"") || starts("r#\"") {
            let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
            let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body: String = rest[2 + hashes..].iter().collect();
            at += 2 + hashes + body.find(&end).map_or(body.len(), |bytes| body[..bytes].chars().count() + 1 + hashes);
        } else if rest[0] == '\'' && (rest.get(2) == Some(&'\'') || rest.get(1) == Some(&'\\')) {
            let body = if rest[1] == '\\' { 3 } else { 2 };
            at += body + rest.iter().skip(body).position(|&c| c == '\'').unwrap_or(0) + 1;
        } else if rest[0].is_alphabetic() || rest[0] == '_' {
            let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            found.push(rest[..length].iter().collect());
            at += length;
        } else if starts("::") {
            found.push("::".into());
            at += 2;
        } else {
            if !rest[0].is_whitespace() {
                found.push(rest[0].into());
            }
            at += 1;
        }
    }
    found
}

/// Returns the number of characters of the string literal at the beginning of `rest`.
fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Returns the place behind the bracket that closes the one at `open`.
fn behind_group(tokens: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// Returns the code without the items that `#[cfg(test)]` marks.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_test = tokens[at] == "#" && tokens[at + 1..].iter().take(4).eq(["[", "cfg", "(", "test"]);
        if !is_test {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at = behind_group(tokens, at + 1);
        let end = tokens[at..].iter().position(|token| token == ";" || token == "{").map_or(tokens.len(), |i| at + i);
        at = if tokens.get(end).is_some_and(|token| token == "{") { behind_group(tokens, end) } else { end + 1 };
    }
    kept
}

/// Adds the paths of a `use` to `found`, each with the name that it has here.
fn use_paths(tokens: &[String], prefix: &ModulePath, found: &mut Vec<(String, ModulePath)>) {
    let mut start = 0;
    let mut depth = 0;
    for place in 0..=tokens.len() {
        match tokens.get(place).map(String::as_str) {
            Some("{") => depth += 1,
            Some("}") => depth -= 1,
            Some(",") | None if depth == 0 => {
                one_use(&tokens[start..place], prefix, found);
                start = place + 1;
            }
            _ => {}
        }
    }
}

/// Adds one path of a `use`, or those of its braces, to `found`.
fn one_use(tokens: &[String], prefix: &ModulePath, found: &mut Vec<(String, ModulePath)>) {
    let Some(brace) = tokens.iter().position(|token| token == "{") else {
        let renamed = tokens.iter().position(|token| token == "as");
        let segments = tokens[..renamed.unwrap_or(tokens.len())].iter().filter(|token| *token != "::").cloned();
        let mut path: ModulePath = prefix.iter().cloned().chain(segments).collect();
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let Some(last) = path.last().cloned() else { return };
        found.push((renamed.map_or(last, |at| tokens[at + 1].clone()), path));
        return;
    };
    let segments = tokens[..brace].iter().filter(|token| *token != "::").cloned();
    let prefix = prefix.iter().cloned().chain(segments).collect();
    use_paths(&tokens[brace + 1..tokens.len() - 1], &prefix, found);
}

/// Returns the modules of the crate by path, without tests.
fn modules(sources: &Sources) -> BTreeMap<ModulePath, Module> {
    let mut found = BTreeMap::new();
    read_module(sources, "lib.rs", "", &Vec::new(), &mut found);
    found
}

/// Adds the module of `file`, whose children are in `folder`, and them to `found`.
fn read_module(
    sources: &Sources,
    file: &str,
    folder: &str,
    path: &ModulePath,
    found: &mut BTreeMap<ModulePath, Module>,
) {
    let Some(text) = sources.get(file) else { return };
    let module = module_of(file, &without_tests(&tokens(text)));
    for child in &module.children {
        let path: ModulePath = path.iter().cloned().chain([child.clone()]).collect();
        let below = format!("{folder}{child}/");
        let flat = format!("{folder}{child}.rs");
        let file = if sources.contains_key(&flat) { flat } else { format!("{below}mod.rs") };
        read_module(sources, &file, &below, &path, found);
    }
    found.insert(path.clone(), module);
}

fn module_of(file: &str, tokens: &[String]) -> Module {
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    let mut at = 0;
    while at < tokens.len() {
        let next = tokens.get(at + 1).cloned().unwrap_or_default();
        match tokens[at].as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|token| token == ";") => {
                module.children.insert(next);
                at += 3;
                continue;
            }
            "use" => {
                let end = tokens[at..].iter().position(|token| token == ";").map_or(tokens.len(), |i| at + i);
                let mut paths = Vec::new();
                use_paths(&tokens[at + 1..end], &Vec::new(), &mut paths);
                let is_public = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                for (name, used) in paths {
                    if !is_public {
                        module.tokens.extend(used.iter().flat_map(|word| ["::".to_owned(), word.clone()]).skip(1));
                        module.tokens.push(";".into());
                    }
                    module.imports.insert(name, used);
                }
                at = end + 1;
                continue;
            }
            "struct" | "enum" | "trait" | "fn" | "const" | "static" | "type" => {
                module.items.insert(next);
            }
            _ => {}
        }
        module.tokens.push(tokens[at].clone());
        at += 1;
    }
    module
}

/// Returns the file that defines the item `path` as seen from the module `at`; none for modules and other crates.
fn defining_file(
    modules: &BTreeMap<ModulePath, Module>,
    at: &ModulePath,
    path: &[String],
    depth: usize,
) -> Option<String> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => return defining_file(modules, &Vec::new(), rest, depth),
        "self" => return defining_file(modules, at, rest, depth),
        "super" => return defining_file(modules, &at[..at.len().checked_sub(1)?].to_vec(), rest, depth),
        _ => {}
    }
    let here = modules.get(at)?;
    if here.children.contains(first) && !rest.is_empty() {
        let child: ModulePath = at.iter().cloned().chain([first.clone()]).collect();
        return defining_file(modules, &child, rest, depth);
    }
    if let Some(used) = here.imports.get(first).filter(|_| depth < 8) {
        let full: Vec<String> = used.iter().chain(rest).cloned().collect();
        return defining_file(modules, at, &full, depth + 1);
    }
    here.items.contains(first).then(|| here.file.clone())
}

/// Returns the imports within each top module.
fn imports(modules: &BTreeMap<ModulePath, Module>) -> Imports {
    let top = |file: &str| file.split('/').next().map(str::to_owned);
    let mut imports = Imports::new();
    for (at, module) in modules {
        let from = imports.entry(module.file.clone()).or_default();
        let mut place = 0;
        while place < module.tokens.len() {
            let mut path = vec![module.tokens[place].clone()];
            while module.tokens.get(place + 1).is_some_and(|token| token == "::") && place + 2 < module.tokens.len() {
                path.push(module.tokens[place + 2].clone());
                place += 2;
            }
            place += 1;
            let is_import = path.len() > 1 || module.imports.contains_key(&path[0]);
            let Some(file) = defining_file(modules, at, &path, 0).filter(|_| is_import) else { continue };
            if file != module.file && top(&file) == top(&module.file) {
                from.entry(file).or_insert_with(|| path.join("::"));
            }
        }
    }
    imports
}

/// Returns each set of files that reach one another by their imports.
fn circles(imports: &Imports) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &String| {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut left: Vec<&String> = imports.get(from).into_iter().flat_map(BTreeMap::keys).collect();
        while let Some(file) = left.pop() {
            if seen.insert(file.clone()) {
                left.extend(imports.get(file).into_iter().flat_map(BTreeMap::keys));
            }
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> = imports.keys().map(|file| (file, reached(file))).collect();
    let circle = |file: &String| reach[file].iter().filter(|other| reach[*other].contains(file)).cloned().collect();
    reach.keys().filter(|file| reach[**file].contains(**file)).map(|file| circle(file)).collect()
}

/// Returns the text of every file below `src`.
fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Sources::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let mut imports = imports(&modules(&sources()));
    assert!(imports.values().map(BTreeMap::len).sum::<usize>() > 500, "the imports were not found");
    for (from, to, reason) in ALLOWED {
        let is_used = imports.get_mut(from).is_some_and(|names| names.remove(to).is_some());
        assert!(is_used, "{from} no longer imports {to} ({reason}): take the pair out of ALLOWED");
    }
    let mut found = String::new();
    for circle in circles(&imports) {
        found += &format!("a circle of {} files:\n", circle.len());
        for file in &circle {
            for (to, name) in imports[file].iter().filter(|(to, _)| circle.contains(*to)) {
                found += &format!("  {file} names {name} of {to}\n");
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_circle_is_found_through_a_re_export_and_not_in_comments_tests_or_strings() {
    let with_a = |a: &str| {
        let files = [
            ("lib.rs", "pub mod top;"),
            ("top/mod.rs", "mod a; mod b; mod inner; pub use a::{A, helper as help}; pub use inner::C;"),
            ("top/a.rs", a),
            ("top/b.rs", "use super::{C as D}; pub struct B(D);"),
            ("top/inner/mod.rs", "mod c; pub use c::C;"),
            ("top/inner/c.rs", "#[arg(value = crate::top::help)] pub struct C;"),
        ];
        circles(&imports(&modules(&files.map(|(file, text)| (file.to_owned(), text.to_owned())).into())))
    };
    let circle = with_a("pub struct A; pub fn helper(of: super::b::B) {}");
    let files: BTreeSet<String> = ["top/a.rs", "top/b.rs", "top/inner/c.rs"].map(str::to_owned).into();
    assert_eq!(circle, [files].into());
    let no_circles = [
        "pub struct A; pub fn helper() {} // super::b::B",
        "pub struct A; pub fn helper() { let text = \"super::b::B\"; let sign = '\\''; let raw = r#\"super::b::B\"#; }",
        "pub struct A; pub fn helper() {} #[cfg(test)] mod tests { use super::super::b::B; fn check(b: B) {} }",
    ];
    for a in no_circles {
        assert_eq!(with_a(a), BTreeSet::new(), "{a}");
    }
}
