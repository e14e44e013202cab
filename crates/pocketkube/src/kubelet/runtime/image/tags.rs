//! Which tags a repository has, and which version and variant each stands for.
//!
//! Tags are data: `versions` maps the tags of a release line to its newest version, `aliases`
//! gives further names, `variants` the suffixes such as `-alpine`.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub struct Tags<C> {
    /// Release line (`1.25`) → its newest version (`1.25.5`), itself a tag as are its
    /// predecessors (`1.25.0` and up).
    versions: BTreeMap<String, String>,
    /// Moving tag (`latest`, `stable`) → release line or version.
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    /// Suffix without its dash (`alpine`) → what differs. Alone, a suffix is a tag too.
    #[serde(default)]
    variants: BTreeMap<String, C>,
    /// What is in the image when nothing else is said.
    contents: C,
}

/// What a tag stands for.
pub struct Found<'a, C> {
    pub version: String,
    /// The common contents, then those of the variant.
    pub layers: Vec<&'a C>,
}

impl<C> Tags<C> {
    /// All descriptions of contents there are.
    pub fn contents(&self) -> impl Iterator<Item = &C> {
        std::iter::once(&self.contents).chain(self.variants.values())
    }

    pub fn find(&self, tag: &str) -> Option<Found<'_, C>> {
        if let Some(version) = self.version(tag) {
            return Some(Found {
                version,
                layers: vec![&self.contents],
            });
        }
        self.variants.iter().find_map(|(suffix, variant)| {
            let line = if tag == suffix {
                "latest"
            } else {
                tag.strip_suffix(suffix)?.strip_suffix('-')?
            };
            Some(Found {
                version: self.version(line)?,
                layers: vec![&self.contents, variant],
            })
        })
    }

    fn version(&self, tag: &str) -> Option<String> {
        let tag = self.aliases.get(tag).map_or(tag, String::as_str);
        if let Some(version) = self.versions.get(tag) {
            return Some(version.clone());
        }
        self.versions
            .values()
            .any(|newest| is_in_line(tag, newest))
            .then(|| tag.to_owned())
    }
}

/// Whether `tag` is `newest` or a version of the same line before it.
fn is_in_line(tag: &str, newest: &str) -> bool {
    if tag == newest {
        return true;
    }
    let split = |version: &str| {
        let (line, patch) = version.rsplit_once('.')?;
        Some((line.to_owned(), patch.parse::<u32>().ok()?))
    };
    match (split(tag), split(newest)) {
        (Some((line, patch)), Some((newest_line, newest_patch))) => {
            line.contains('.') && line == newest_line && patch <= newest_patch
        }
        _ => false,
    }
}
