//! A command of every shape, made by walking the types themselves: a kind, a variant or a field is among them the day
//! it is written, and no list has to be kept.

use serde::de::value::{Error, StringDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use slipway_domain::command::Command;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What stands wherever a person may write what they like.
pub const FREE_TEXT: &str = "what a person wrote";

/// Tried in this order where a text is wanted; the types say no to those that are none of theirs.
const TEXTS: [&str; 5] = [
    FREE_TEXT,
    "written",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "attachment:00000000-0000-7000-8000-000000000001",
    "12.5",
];

/// Deeper than anything that is not a type within itself; from there on lists are empty.
const DEEP: usize = 24;

/// A command of every shape: every kind, and within a kind every variant of everything in it at least once.
pub fn commands() -> Vec<Command> {
    let mut commands = Vec::new();
    let mut spines = Spines::default();
    while let Some(spine) = spines.next() {
        let mut maker = Maker { spine, ..Maker::default() };
        loop {
            let seen = maker.covered.len();
            let command = maker.make::<Command>();
            spines.found(&maker);
            if maker.covered.len() == seen {
                break;
            }
            commands.push(command);
        }
    }
    commands
}

/// One value of a type, without any choice.
pub fn one<T: DeserializeOwned>() -> T {
    Maker::default().make()
}

/// Kinds as a group with a name: the first two choices, walked through in order.
#[derive(Default)]
struct Spines {
    /// How many variants each choice has, by the choices before it.
    widths: BTreeMap<Vec<usize>, usize>,
    done: BTreeSet<Vec<usize>>,
}

impl Spines {
    const LENGTH: usize = 2;

    fn found(&mut self, maker: &Maker) {
        for (at, (_, width)) in maker.on_spine.iter().enumerate() {
            let before = maker.on_spine.iter().take(at).map(|(chosen, _)| *chosen).collect();
            self.widths.insert(before, *width);
        }
        self.done.insert(maker.on_spine.iter().map(|(chosen, _)| *chosen).collect());
    }

    fn next(&self) -> Option<Vec<usize>> {
        if self.widths.is_empty() {
            return Some(Vec::new());
        }
        let is_done = |spine: &Vec<usize>| self.done.iter().any(|done| done.starts_with(spine));
        let mut each = self.widths.iter().flat_map(|(before, width)| {
            (0..*width).map(move |one| before.iter().copied().chain([one]).collect::<Vec<_>>())
        });
        each.find(|spine| !is_done(spine))
    }
}

/// Makes values: of every choice the variant that was not chosen yet.
#[derive(Default)]
struct Maker {
    spine: Vec<usize>,
    on_spine: Vec<(usize, usize)>,
    covered: BTreeSet<(String, usize)>,
    chosen: Vec<(String, usize)>,
    /// Which of the texts stands at each place where one is wanted.
    texts: Vec<usize>,
    text: usize,
    ids: u128,
    depth: usize,
}

impl Maker {
    fn make<T: DeserializeOwned>(&mut self) -> T {
        self.texts.clear();
        loop {
            self.on_spine.clear();
            self.chosen.clear();
            (self.text, self.ids, self.depth) = (0, 0, 0);
            match T::deserialize(&mut *self) {
                Ok(value) => {
                    self.covered.extend(self.chosen.drain(..));
                    return value;
                }
                // The text before the complaint was none of the type's.
                Err(error) => {
                    self.texts.truncate(self.text);
                    let last = self.texts.last_mut().unwrap_or_else(|| panic!("{error}"));
                    *last += 1;
                    assert!(*last < TEXTS.len(), "{error}: another text belongs into TEXTS");
                }
            }
        }
    }

    fn choose(&mut self, name: &str, width: usize) -> usize {
        let at = self.on_spine.len();
        if at < Spines::LENGTH {
            let chosen = self.spine.get(at).copied().unwrap_or(0);
            self.on_spine.push((chosen, width));
            self.chosen.push((format!("spine {at}"), chosen));
            return chosen;
        }
        let is_new = |one: &usize| {
            let key = (name.to_owned(), *one);
            !self.covered.contains(&key) && !self.chosen.contains(&key)
        };
        // Of a type within itself the first is the one that ends it.
        let chosen = if self.depth > DEEP { 0 } else { (0..width).find(is_new).unwrap_or(0) };
        self.chosen.push((name.to_owned(), chosen));
        chosen
    }

    fn id(&mut self) -> String {
        self.ids += 1;
        Uuid::from_u128(0x7000_8000_0000_0000_0000 + self.ids).to_string()
    }

    fn text(&mut self) -> &'static str {
        if self.texts.len() == self.text {
            self.texts.push(0);
        }
        self.text += 1;
        TEXTS[self.texts[self.text - 1]]
    }
}

/// What the type says that it wants.
fn wanted<'de, V: Visitor<'de>>(visitor: &V) -> String {
    (visitor as &dyn Expected).to_string()
}

macro_rules! scalars {
    ($($method:ident => $visit:ident($value:expr);)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($value)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Maker {
    type Error = Error;

    scalars! {
        deserialize_bool => visit_bool(true);
        deserialize_i8 => visit_i8(1);
        deserialize_i16 => visit_i16(1);
        deserialize_i32 => visit_i32(1);
        deserialize_i64 => visit_i64(1);
        deserialize_u8 => visit_u8(1);
        deserialize_u16 => visit_u16(1);
        deserialize_u32 => visit_u32(1);
        deserialize_u64 => visit_u64(1);
        deserialize_f32 => visit_f32(1.0);
        deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('x');
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = if wanted(&visitor).contains("UUID") { self.id() } else { self.text().to_owned() };
        visitor.visit_string(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    // What a flattened field holds back until it knows its type: here always an identity.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.id())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.depth > DEEP { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let length = usize::from(self.depth <= DEEP);
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.depth += 1;
        let value = visitor.visit_seq(Elements { maker: &mut *self, left: length })?;
        self.depth -= 1;
        Ok(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // A structure that another is flattened into does not say which fields it has.
        let fields: Option<&[&str]> = match wanted(&visitor).as_str() {
            "struct NewAttachment" => Some(&["id", "ci", "file_name", "title", "media_type", "size_bytes", "sha256"]),
            "struct Attachment" => {
                Some(&["id", "ci", "file_name", "title", "media_type", "size_bytes", "sha256", "by", "at"])
            }
            other if other.starts_with("struct ") => panic!("the fields of {other} belong into this list"),
            _ => None,
        };
        self.depth += 1;
        let value = visitor.visit_map(Entries { maker: &mut *self, fields, at: 0 })?;
        self.depth -= 1;
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let chosen = self.choose(name, variants.len());
        let Some(variant) = variants.get(chosen) else { return Err(Error::custom("no variant")) };
        self.depth += 1;
        let value = visitor.visit_enum(Chosen { maker: &mut *self, variant })?;
        self.depth -= 1;
        Ok(value)
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf identifier ignored_any }
}

struct Elements<'m> {
    maker: &'m mut Maker,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.maker).map(Some)
    }
}

struct Entries<'m> {
    maker: &'m mut Maker,
    fields: Option<&'static [&'static str]>,
    at: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.at += 1;
        match self.fields {
            Some(fields) => {
                let Some(field) = fields.get(self.at - 1) else { return Ok(None) };
                let key: StringDeserializer<Error> = (*field).to_owned().into_deserializer();
                seed.deserialize(key).map(Some)
            }
            None if self.at == 1 && self.maker.depth <= DEEP => seed.deserialize(&mut *self.maker).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.maker)
    }
}

struct Chosen<'m> {
    maker: &'m mut Maker,
    variant: &'static str,
}

impl<'de, 'm> EnumAccess<'de> for Chosen<'m> {
    type Error = Error;
    type Variant = Content<'m>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'m>), Error> {
        let name: StringDeserializer<Error> = self.variant.to_owned().into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.maker)))
    }
}

struct Content<'m>(&'m mut Maker);

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_tuple(fields.len(), visitor)
    }
}
