//! Errors for machines: `{ "code", "origin", "key", "message", "help", "overrode" }`.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Said};
use super::origin::Origin;

/// The code.
impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// `kind` is `default`, `file`, `variable`, `flag` or `together`; the rest is there where it is known.
impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Default, serde::Serialize)]
        struct View<'a> {
            kind: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            line: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            column: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            variable: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            flag: Option<&'a str>,
        }
        let mut view = View {
            kind: "default",
            ..View::default()
        };
        match self {
            Self::Default => {}
            Self::File(file) => {
                let place = file.place();
                view.kind = "file";
                view.file = Some(file.path().display().to_string());
                view.line = place.map(|place| place.line);
                view.column = place.map(|place| place.column);
            }
            Self::Variable(name) => (view.kind, view.variable) = ("variable", Some(&**name)),
            Self::Flag(key) => (view.kind, view.flag) = ("flag", Some(&**key)),
            Self::Together => view.kind = "together",
        }
        view.serialize(serializer)
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut said = serializer.serialize_struct("Said", 2)?;
        said.serialize_field("origin", &self.origin)?;
        said.serialize_field("value", &self.value)?;
        said.end()
    }
}

/// `key` and `help` are null when there is none.
impl Serialize for ConfigError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = (!self.key.is_empty()).then_some(&self.key);
        let mut error = serializer.serialize_struct("ConfigError", 6)?;
        error.serialize_field("code", &self.class)?;
        error.serialize_field("origin", &self.origin)?;
        error.serialize_field("key", &key)?;
        error.serialize_field("message", &self.message)?;
        error.serialize_field("help", &self.help)?;
        error.serialize_field("overrode", &self.overrode)?;
        error.end()
    }
}

impl Serialize for ConfigErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.0.len()))?;
        for error in self.iter() {
            all.serialize_element(error)?;
        }
        all.end()
    }
}
