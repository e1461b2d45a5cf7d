//! Functions by code.

/// An enum of functions, and the table that a code of the wasm surface is an index into.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $table:ident: $($(#[$function_doc:meta])* $function:ident,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$function_doc])* $function,)*
        }

        /// The code table: a code is an index into it.
        pub const $table: [$name; [$($name::$function),*].len()] = [$($name::$function),*];
    };
}
pub(super) use codes;
