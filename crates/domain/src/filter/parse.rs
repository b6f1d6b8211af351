//! From text to [`Filter`], or to what is wrong and where.
//!
//! ```text
//! either    = all { "or" all }
//! all       = one { [ "and" ] one }
//! one       = ( "not" | "-" ) one | "(" either ")" | condition | word | "quoted words"
//! condition = name operator value { "," value } | relation ":" ( "(" either ")" | value | "empty" )
//! operator  = ":" | "=" | "!=" | "<" | "<=" | ">" | ">="
//! value     = text | "quoted text" | from ".." to | "empty"
//! ```

use crate::filter::field::{Field, Holds, LINKS, Named, Order, known, named, offered};
use crate::filter::measure::bare;
use crate::filter::text::nearest;
use crate::filter::value::{Operator, Typed, Wanted, choose, read};
use crate::filter::{CHARS_MOST, CONDITIONS_MOST, DEPTH_MOST, Filter, FilterError, Link, Reading};

/// Reads a filter.
///
/// # Errors
/// What is wrong first, and where.
pub fn parse(text: &str, reading: &Reading<'_>) -> Result<Filter, FilterError> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0, nested: 0, conditions: 0, reading };
    if parser.chars.len() > CHARS_MOST {
        let sentence = format!("A filter has at most {CHARS_MOST} characters.");
        return Err(parser.error(CHARS_MOST, parser.chars.len(), sentence, None));
    }
    let filter = parser.either()?;
    parser.blanks();
    if parser.at < parser.chars.len() {
        return Err(parser.error(parser.at, parser.at + 1, "No parenthesis is open here.".to_owned(), None));
    }
    Ok(filter)
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    /// Open parentheses: a `)` ends nothing but what was opened.
    depth: usize,
    /// Parentheses and negations around this place.
    nested: usize,
    conditions: usize,
    reading: &'a Reading<'a>,
}

/// A value as it stands in the text.
struct Value {
    from: usize,
    to: usize,
    quoted: bool,
    text: String,
    /// The other end of a range.
    until: Option<String>,
    is_range: bool,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut parts = vec![self.all()?];
        while self.word_is("or") {
            let from = self.at;
            self.at += 2;
            if matches!(parts.last(), Some(last) if last.is_everything()) {
                return Err(self.error(from, self.at, "Something is missing before this or.".to_owned(), None));
            }
            let part = self.all()?;
            if part.is_everything() {
                return Err(self.missing(from, "Something is missing after this or."));
            }
            parts.push(part);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, FilterError> {
        let mut parts = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some(')') if self.depth > 0 => break,
                _ if self.word_is("or") => break,
                _ if self.word_is("and") => {
                    let from = self.at;
                    self.at += 3;
                    self.blanks();
                    if parts.is_empty() {
                        return Err(self.error(
                            from,
                            from + 3,
                            "Something is missing before this and.".to_owned(),
                            None,
                        ));
                    }
                    if self.peek().is_none_or(|c| c == ')') || self.word_is("or") || self.word_is("and") {
                        return Err(self.missing(from, "Something is missing after this and."));
                    }
                }
                Some(')') => break,
                Some(_) => parts.push(self.one()?),
            }
        }
        Ok(single(parts, Filter::All))
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        let from = self.at;
        if self.word_is("not") {
            self.at += 3;
            self.blanks();
            if self.peek().is_none_or(|c| c == ')') || self.word_is("or") || self.word_is("and") {
                return Err(self.missing(from, "Something is missing after this not."));
            }
            return Ok(Filter::Not(Box::new(self.deeper(from, Self::one)?)));
        }
        if self.peek() == Some('-') && (self.peek_at(1) == Some('(') || self.name_at(self.at + 1).is_some()) {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.deeper(from, Self::one)?)));
        }
        if self.peek() == Some('(') {
            return self.parenthesis();
        }
        self.conditions += 1;
        if self.conditions > CONDITIONS_MOST {
            let sentence = format!("A filter has at most {CONDITIONS_MOST} conditions.");
            return Err(self.error(from, self.chars.len(), sentence, None));
        }
        if self.peek() == Some('"') {
            return Ok(Filter::Word(self.quoted()?));
        }
        match self.name_at(self.at) {
            Some((end, operator, after)) => self.condition(end, operator, after),
            None => Ok(Filter::Word(self.bare(|_, _| false))),
        }
    }

    fn parenthesis(&mut self) -> Result<Filter, FilterError> {
        let from = self.at;
        self.at += 1;
        let inner = self.deeper(from, Self::either)?;
        self.blanks();
        if self.peek() != Some(')') {
            return Err(self.missing(from, "This parenthesis is not closed."));
        }
        self.at += 1;
        if inner.is_everything() {
            return Err(self.error(from, self.at, "There is nothing between these parentheses.".to_owned(), None));
        }
        Ok(inner)
    }

    fn deeper(
        &mut self,
        from: usize,
        inner: fn(&mut Self) -> Result<Filter, FilterError>,
    ) -> Result<Filter, FilterError> {
        if self.nested >= DEPTH_MOST {
            let sentence = format!("This is nested deeper than {DEPTH_MOST} times.");
            return Err(self.error(from, from + 1, sentence, None));
        }
        let is_open = self.peek_at_index(from) == Some('(');
        let (nested, depth) = (self.nested, self.depth);
        self.nested += 1;
        self.depth += usize::from(is_open);
        let result = inner(self);
        (self.nested, self.depth) = (nested, depth);
        result
    }

    /// Name, operator and where the value begins, if a condition stands at this place.
    fn name_at(&self, from: usize) -> Option<(usize, Operator, usize)> {
        let first = self.peek_at_index(from)?;
        if !first.is_alphabetic() {
            return None;
        }
        let mut end = from;
        while self.peek_at_index(end).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
            end += 1;
        }
        if let Some((operator, after)) = self.operator_at(end) {
            return Some((end, operator, after));
        }
        // Blanks around a comparison, as people write them: only after a name that there is.
        let mut at = end;
        while self.peek_at_index(at).is_some_and(char::is_whitespace) {
            at += 1;
        }
        let (operator, mut after) = self.operator_at(at).filter(|_| self.peek_at_index(at) != Some(':'))?;
        named(self.reading.kind, &self.slice(from, end), self.reading.vocabulary)?;
        while self.peek_at_index(after).is_some_and(char::is_whitespace) {
            after += 1;
        }
        Some((end, operator, after))
    }

    fn operator_at(&self, at: usize) -> Option<(Operator, usize)> {
        let next = self.peek_at_index(at + 1);
        Some(match self.peek_at_index(at)? {
            ':' => (Operator::Begins, at + 1),
            '=' => (Operator::Is, at + 1),
            '!' if next == Some('=') => (Operator::Is, at + 2),
            '<' if next == Some('=') => (Operator::AtMost, at + 2),
            '<' => (Operator::Less, at + 1),
            '>' if next == Some('=') => (Operator::AtLeast, at + 2),
            '>' => (Operator::Greater, at + 1),
            _ => return None,
        })
    }

    fn condition(&mut self, end: usize, operator: Operator, after: usize) -> Result<Filter, FilterError> {
        let from = self.at;
        let name = self.slice(from, end);
        let is_not = self.slice(end, after).contains('!');
        let Some(what) = named(self.reading.kind, &name, self.reading.vocabulary) else {
            return Err(self.unknown_name(from, end, &name));
        };
        self.at = after;
        if let Named::Link(link) = what {
            return self.related(link, operator, is_not, end);
        }
        let mut wanted = Vec::new();
        for value in self.values(operator, &name)? {
            let read = match &what {
                Named::Field(_, holds) => self.read(*holds, operator, &value),
                Named::Choices(_, choices) => chosen(operator, choices, &value),
                Named::Measure(_, unit) => self.measure(operator, unit, &value),
                Named::Link(_) => continue,
            };
            wanted.push(read.map_err(|(sentence, near)| self.error(value.from, value.to, sentence, near))?);
        }
        let (Named::Field(field, _) | Named::Choices(field, _) | Named::Measure(field, _)) = what else {
            return Ok(Filter::EVERYTHING);
        };
        let test = Filter::Test { field, wanted };
        Ok(if is_not { Filter::Not(Box::new(test)) } else { test })
    }

    fn read(&self, holds: Holds, operator: Operator, value: &Value) -> Result<Wanted, (String, Option<String>)> {
        let typed = if value.is_range {
            Typed::Range(Some(value.text.as_str()).filter(|t| !t.is_empty()), value.until.as_deref())
        } else {
            Typed::One(&value.text, value.quoted)
        };
        read(holds, operator, typed, self.reading)
    }

    /// A figure, or two, in whatever unit.
    fn measure(&self, operator: Operator, unit: &str, value: &Value) -> Result<Wanted, (String, Option<String>)> {
        let is_empty = !value.is_range && !value.quoted && value.text.eq_ignore_ascii_case("empty");
        if is_empty {
            return self.read(Holds::Figure, operator, value);
        }
        let bare = |text: &str| if text.is_empty() { Ok(String::new()) } else { bare(text, unit) };
        let until = value.until.as_deref().map(bare).transpose()?;
        let value = Value { text: bare(&value.text)?, until, ..*value };
        match self.read(Holds::Figure, operator, &value)? {
            Wanted::Figure(bounds) => Ok(Wanted::Measure(bounds, unit.to_owned())),
            wanted => Ok(wanted),
        }
    }

    fn related(&mut self, link: Link, operator: Operator, is_not: bool, end: usize) -> Result<Filter, FilterError> {
        if !matches!(operator, Operator::Begins | Operator::Is) {
            let sentence = "A relation has no order; write a colon and what it leads to.".to_owned();
            return Err(self.error(end, self.at, sentence, None));
        }
        let to = if self.peek() == Some('(') {
            Some(self.parenthesis()?)
        } else {
            let values = self.values(operator, "relation")?;
            match values.as_slice() {
                [only] if !only.quoted && only.text.eq_ignore_ascii_case("empty") => None,
                values => {
                    let mut wanted = Vec::new();
                    for value in values {
                        let read = self.read(Holds::Text, operator, value);
                        wanted.push(read.map_err(|(sentence, near)| self.error(value.from, value.to, sentence, near))?);
                    }
                    Some(Filter::Test { field: Field::Label, wanted })
                }
            }
        };
        let related = Filter::Related { link, to: to.map(Box::new) };
        Ok(if is_not { Filter::Not(Box::new(related)) } else { related })
    }

    /// The values after an operator; after a comparison there is one.
    fn values(&mut self, operator: Operator, name: &str) -> Result<Vec<Value>, FilterError> {
        let compares = !matches!(operator, Operator::Begins | Operator::Is);
        let start = self.at;
        let listed = self.peek() == Some('(');
        if listed {
            self.at += 1;
            self.depth += 1;
        }
        let mut values = Vec::new();
        loop {
            if listed {
                self.blanks();
                if self.word_is("or") {
                    self.at += 2;
                    self.blanks();
                }
            }
            values.push(self.value(name)?);
            if listed {
                self.blanks();
            }
            match self.peek() {
                Some(',') => self.at += 1,
                Some(')') if listed => break,
                Some(_) if listed => {}
                None if listed => return Err(self.missing(start, "This parenthesis is not closed.")),
                _ => break,
            }
        }
        if listed {
            self.at += 1;
            self.depth -= 1;
        }
        if compares && values.len() > 1 {
            let sentence = "One value is compared; write alternatives after a colon.".to_owned();
            return Err(self.error(start, self.at, sentence, None));
        }
        Ok(values)
    }

    fn value(&mut self, name: &str) -> Result<Value, FilterError> {
        let from = self.at;
        let quoted = self.peek() == Some('"');
        let text =
            if quoted { self.quoted()? } else { self.bare(|c, next| c == ',' || (c == '.' && next == Some('.'))) };
        let is_range = self.peek() == Some('.') && self.peek_at(1) == Some('.');
        let mut until = None;
        if is_range {
            self.at += 2;
            let text = if self.peek() == Some('"') { self.quoted()? } else { self.bare(|c, _| c == ',') };
            until = Some(text).filter(|text| !text.is_empty());
        }
        if text.is_empty() && !quoted && until.is_none() {
            return Err(self.missing(from, &format!("A value is missing after {name}.")));
        }
        Ok(Value { from, to: self.at, quoted, text, until, is_range })
    }

    /// Characters up to a blank, the end of the parenthesis, or where `ends` says.
    fn bare(&mut self, ends: fn(char, Option<char>) -> bool) -> String {
        let from = self.at;
        while let Some(c) = self.peek() {
            let next = self.peek_at(1);
            if c.is_whitespace() || (c == ')' && self.depth > 0) || ends(c, next) {
                break;
            }
            self.at += 1;
        }
        self.slice(from, self.at)
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let from = self.at;
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == '"' {
                return Ok(self.slice(from + 1, self.at - 1));
            }
        }
        Err(self.missing(from, "This quote is not closed."))
    }

    fn unknown_name(&self, from: usize, end: usize, name: &str) -> FilterError {
        let kind = self.reading.kind;
        let mut names = offered(kind, self.reading.vocabulary);
        names.extend(known(kind).iter().flat_map(|k| k.names).map(|name| (*name).to_owned()));
        names.extend(LINKS.iter().filter(|_| kind == crate::record::Kind::Ci).map(|(name, _)| (*name).to_owned()));
        let near = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        let noun = kind.name().replace('_', " ");
        let sentence = match kind {
            crate::record::Kind::Ci => {
                format!("A CI has nothing called {name}; an attribute is also named attributes.{name}.")
            }
            _ => format!("A {noun} has nothing called {name}."),
        };
        self.error(from, end, sentence, near)
    }

    fn error(&self, from: usize, to: usize, sentence: String, nearest: Option<String>) -> FilterError {
        let figure = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let length = figure(to.saturating_sub(from).max(1));
        FilterError { at: figure(from), length, sentence, nearest, unfinished: false }
    }

    /// Something that is not there: an unfinished text if it ends here.
    fn missing(&self, from: usize, sentence: &str) -> FilterError {
        let unfinished = self.chars.get(self.at..).is_none_or(|rest| rest.iter().all(|c| c.is_whitespace()));
        FilterError { unfinished, ..self.error(from, self.at, sentence.to_owned(), None) }
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Whether a word of the language stands here by itself.
    fn word_is(&self, word: &str) -> bool {
        let end = self.at + word.len();
        self.slice(self.at, end).eq_ignore_ascii_case(word)
            && self.peek_at_index(end).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')'))
    }

    fn peek(&self) -> Option<char> {
        self.peek_at_index(self.at)
    }

    fn peek_at(&self, more: usize) -> Option<char> {
        self.peek_at_index(self.at + more)
    }

    fn peek_at_index(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to.min(self.chars.len())).unwrap_or_default().iter().collect()
    }
}

fn chosen(operator: Operator, choices: &[String], value: &Value) -> Result<Wanted, (String, Option<String>)> {
    if !value.quoted && value.text.eq_ignore_ascii_case("empty") {
        return Ok(Wanted::Empty);
    }
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    choose(&value.text, operator, &choices, Order::None).map(Wanted::OneOf)
}

/// One part is itself.
fn single(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            many(parts)
        }
    }
}
