//! The errors file operations end with, in the words of a C library.

use std::io;

/// What `errno` would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("No such file or directory")]
    NotFound,
    #[error("Permission denied")]
    PermissionDenied,
    #[error("Operation not permitted")]
    NotPermitted,
    #[error("File exists")]
    Exists,
    #[error("Not a directory")]
    NotADirectory,
    #[error("Is a directory")]
    IsADirectory,
    #[error("Directory not empty")]
    NotEmpty,
    #[error("Read-only file system")]
    ReadOnly,
    #[error("Device or resource busy")]
    Busy,
    #[error("Invalid argument")]
    InvalidArgument,
    #[error("Invalid cross-device link")]
    CrossDevice,
    #[error("Too many levels of symbolic links")]
    TooManyLinks,
    #[error("No space left on device")]
    NoSpace,
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        use io::ErrorKind;
        let kind = match error {
            FileError::NotFound => ErrorKind::NotFound,
            FileError::PermissionDenied | FileError::NotPermitted => ErrorKind::PermissionDenied,
            FileError::Exists => ErrorKind::AlreadyExists,
            FileError::NotADirectory => ErrorKind::NotADirectory,
            FileError::IsADirectory => ErrorKind::IsADirectory,
            FileError::NotEmpty => ErrorKind::DirectoryNotEmpty,
            FileError::ReadOnly => ErrorKind::ReadOnlyFilesystem,
            FileError::Busy => ErrorKind::ResourceBusy,
            FileError::InvalidArgument => ErrorKind::InvalidInput,
            FileError::CrossDevice => ErrorKind::CrossesDevices,
            FileError::TooManyLinks => ErrorKind::InvalidInput,
            FileError::NoSpace => ErrorKind::StorageFull,
        };
        io::Error::new(kind, error.to_string())
    }
}
