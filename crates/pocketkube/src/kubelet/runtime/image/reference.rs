//! Image names: what `nginx` or `registry.k8s.io/pause:3.9` stand for.
//!
//! Mirrors `github.com/distribution/reference` with Docker's normalisation: a name without a
//! registry means `docker.io`, a name without a namespace there means `library/`, and a name
//! without tag or digest means `:latest`.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

/// A complete image name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageReference {
    /// With registry and namespace: `docker.io/library/nginx`.
    pub repository: String,
    pub tag: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: Option<String>,
}

/// Why a text is no image name, as the kubelet puts it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("invalid reference format")]
    Format,
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    #[error("repository name must not be more than 255 characters")]
    TooLong,
}

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let domain_part = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    let domain = format!(r"{domain_part}(?:\.{domain_part})*(?::[0-9]+)?");
    let path_part = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
    // Go's `\w`, which is ASCII; with all letters of the world, the repetition costs 20 ms to compile.
    let word = "[0-9A-Za-z_]";
    let pattern = format!(
        r"^((?:{domain}/)?{path_part}(?:/{path_part})*)(?::({word}[0-9A-Za-z_.-]{{0,127}}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{{32,}}))?$"
    );
    Regex::new(&pattern).expect("the grammar is a constant")
});

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(name: &str) -> Result<Self, ReferenceError> {
        let named = match name.split_once('/') {
            Some((domain, _))
                if domain.contains(['.', ':'])
                    || domain == "localhost"
                    || domain.to_lowercase() != domain =>
            {
                name.to_owned()
            }
            Some(_) => format!("docker.io/{name}"),
            None => format!("docker.io/library/{name}"),
        };
        let named = named.replacen("index.docker.io/", "docker.io/", 1);
        let Some(parts) = REFERENCE.captures(&named) else {
            return Err(why_not(&named));
        };
        let text = |at| parts.get(at).map(|part| part.as_str().to_owned());
        let repository = text(1).unwrap_or_default();
        if repository.len() > 255 {
            return Err(ReferenceError::TooLong);
        }
        let digest = text(3);
        let tag = text(2).or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self {
            repository,
            tag,
            digest,
        })
    }
}

fn why_not(named: &str) -> ReferenceError {
    let without_tag = match named.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => named,
    };
    let (_, path) = without_tag.split_once('/').unwrap_or(("", without_tag));
    if REFERENCE.is_match(&named.to_lowercase()) && path.to_lowercase() != path {
        return ReferenceError::Uppercase(path.to_owned());
    }
    ReferenceError::Format
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_as_docker_does() {
        for (name, complete) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("curlimages/curl", "docker.io/curlimages/curl:latest"),
            ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:v1", "localhost:5000/app:v1"),
        ] {
            let reference: ImageReference = name.parse().expect(name);
            assert_eq!(reference.to_string(), complete);
        }
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        let reference: ImageReference = digest.parse().expect("a digest");
        assert_eq!(reference.tag, None);
        assert_eq!(reference.to_string(), format!("docker.io/library/{digest}"));
    }

    #[test]
    fn malformed_names_are_told_apart() {
        for name in [
            "",
            "nginx:",
            "nginx::1",
            "ngi nx",
            "nginx:1.é",
            "nginx@sha256:12",
            "/x",
            "a//b",
        ] {
            assert_eq!(name.parse::<ImageReference>(), Err(ReferenceError::Format));
        }
        let error = "Nginx:1.25"
            .parse::<ImageReference>()
            .expect_err("uppercase");
        assert_eq!(
            error.to_string(),
            "invalid reference format: repository name (library/Nginx) must be lowercase"
        );
    }
}
