//! What can be wrong in a configuration, one class for each kind of mistake.

use std::fmt;

macro_rules! classes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// A kind of mistake. Its code is stable, for machines and for looking it up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Class {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Class {
            /// Every class there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// A word for machines, such as `unknown_key`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

classes! {
    /// There is no such file or directory.
    FileMissing = "file_missing",
    /// A file or directory cannot be read.
    FileUnreadable = "file_unreadable",
    /// Symbolic links lead in a circle.
    LinkCircle = "link_circle",
    /// It is a pipe, a socket or a device.
    FileNotRegular = "file_not_regular",
    /// A file is larger than files may be.
    FileTooLarge = "file_too_large",
    /// A file is not UTF-8.
    FileNotUtf8 = "file_not_utf8",
    /// More files than a configuration may have.
    TooManyFiles = "too_many_files",
    /// `include` is no list of paths.
    IncludeNotPaths = "include_not_paths",
    /// A pattern of `include` is none.
    IncludePattern = "include_pattern",
    /// Files include each other in a circle.
    IncludeCircle = "include_circle",
    /// Files include each other too deep.
    IncludeTooDeep = "include_too_deep",
    /// A file is not TOML.
    TomlSyntax = "toml_syntax",
    /// A file is not JSON.
    JsonSyntax = "json_syntax",
    /// A JSON file is no object.
    JsonNotObject = "json_not_object",
    /// A file says a key twice.
    DuplicateKey = "duplicate_key",
    /// Values within values, deeper than a configuration may be.
    TooDeep = "too_deep",
    /// A date of TOML, which no option is.
    DateValue = "date_value",
    /// A null of JSON, which no option is.
    NullValue = "null_value",
    /// A number that is not finite.
    NotFinite = "not_finite",
    /// An integer of more than 64 bits.
    IntegerTooLarge = "integer_too_large",
    /// The program's own defaults are no configuration.
    DefaultsUnusable = "defaults_unusable",
    /// The name of a variable is not UTF-8.
    VariableNameNotUtf8 = "variable_name_not_utf8",
    /// The value of a variable is not UTF-8.
    VariableNotUtf8 = "variable_not_utf8",
    /// Two variables say one key.
    VariablesCollide = "variables_collide",
    /// One variable says a key, and another one below it.
    VariableAbove = "variable_above",
    /// A part of a key is empty.
    KeyPartEmpty = "key_part_empty",
    /// A key of too many parts.
    KeyTooLong = "key_too_long",
    /// The text of a variable or flag is too long.
    TextTooLong = "text_too_long",
    /// A flag without `=`.
    FlagWithoutValue = "flag_without_value",
    /// A key that there is not.
    UnknownKey = "unknown_key",
    /// An option that the type does not have, since a later layer changed the type.
    StaleKey = "stale_key",
    /// A key that must be there.
    MissingKey = "missing_key",
    /// More storages, sources or pipelines than a configuration may have.
    TooManyTables = "too_many_tables",
    /// A name that is none.
    BadName = "bad_name",
    /// A whole table as the text of a variable or flag.
    TableAsText = "table_as_text",
    /// An empty string.
    EmptyString = "empty_string",
    /// No duration, or without a unit.
    BadDuration = "bad_duration",
    /// No size, or without a unit.
    BadSize = "bad_size",
    /// An empty list.
    EmptyList = "empty_list",
    /// A list that names something twice.
    NamedTwice = "named_twice",
    /// No dotted path into a document.
    BadPath = "bad_path",
    /// No address to listen at.
    BadAddress = "bad_address",
    /// No SHA-256.
    BadHash = "bad_hash",
    /// No schedule of retries.
    BadRetry = "bad_retry",
    /// A composite where there is none.
    CompositeNotHere = "composite_not_here",
    /// An option that a composite does not have.
    CompositeOption = "composite_option",
    /// `use` names no table.
    UseNotName = "use_not_name",
    /// `use` names a table that there is not.
    UseDangling = "use_dangling",
    /// Tables use each other in a circle.
    UseCircle = "use_circle",
    /// Too many tables use one another.
    UseTooDeep = "use_too_deep",
    /// A storage that there is not.
    NoSuchStorage = "no_such_storage",
    /// A source that there is not.
    NoSuchSource = "no_such_source",
    /// A storage that is made of itself.
    StorageCircle = "storage_circle",
    /// A pipeline that writes where it reads.
    WritesWhereItReads = "writes_where_it_reads",
    /// A storage takes less than one crash may have.
    TakesTooLittle = "takes_too_little",
    /// Two storages or sources need the same thing for themselves.
    SamePlace = "same_place",
    /// A storage is gone that the program has a handle to.
    StillInUse = "still_in_use",
    /// There is no plugin of that name.
    NoSuchPlugin = "no_such_plugin",
    /// The plugin cannot be loaded.
    PluginRefused = "plugin_refused",
    /// The plugin is no storage, or no source.
    PluginKind = "plugin_kind",
    /// The plugin's option schema cannot be used.
    BadSchema = "bad_schema",
    /// A value where there must be none.
    NotAllowed = "not_allowed",
    /// A value of another type.
    WrongType = "wrong_type",
    /// None of the words or values there are.
    NotOneOf = "not_one_of",
    /// A number out of its range.
    OutOfRange = "out_of_range",
    /// A text of too few or too many characters, a list of too few or too many items.
    WrongLength = "wrong_length",
    /// It fits more than one form that the plugin knows.
    AmbiguousForm = "ambiguous_form",
    /// A secret in plain text.
    PlainSecret = "plain_secret",
    /// A reference to a secret that is none.
    BadReference = "bad_reference",
    /// A reference where there is no secret.
    ReferenceNotHere = "reference_not_here",
    /// A password inside a URL.
    UrlPassword = "url_password",
    /// A secret's variable is not set, is empty or no text.
    SecretVariable = "secret_variable",
    /// A secret's file cannot be read, is empty or no text.
    SecretFile = "secret_file",
    /// Others can write a secret's file.
    SecretWritable = "secret_writable",
    /// There are no systemd credentials, or none of that name.
    SecretCredential = "secret_credential",
    /// The program's own source of secrets has none.
    SecretUnavailable = "secret_unavailable",
}

impl Class {
    /// Whether what is wrong is, or may be, a secret or something in the place of one.
    pub(crate) fn is_about_secret(self) -> bool {
        matches!(
            self,
            Self::PlainSecret
                | Self::BadReference
                | Self::UrlPassword
                | Self::SecretVariable
                | Self::SecretFile
                | Self::SecretWritable
                | Self::SecretCredential
                | Self::SecretUnavailable
        )
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
