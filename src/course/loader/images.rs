//! Images of a course: one file for each repository, as the cluster's own are described.

use pocketkube::Catalogue;

use super::super::model::SourceFile;
use super::super::problem::Problem;
use super::Loader;

const FOLDER: &str = "images/";

impl Loader<'_> {
    /// The images of the course; what the cluster would refuse is a mistake of theirs.
    pub(super) fn images(&mut self) -> Vec<SourceFile> {
        let found: Vec<SourceFile> = self
            .files
            .under(FOLDER)
            .map(|(path, text)| SourceFile {
                path: path.to_owned(),
                name: path[FOLDER.len()..].to_owned(),
                text: text.to_owned(),
            })
            .collect();
        if found.is_empty() {
            return found;
        }
        let mut catalogue = Catalogue::embedded();
        for file in &found {
            if let Err(error) = catalogue.add(&file.path, &file.text) {
                self.problems.push(Problem::new(&file.path, error.reason));
            }
        }
        found
    }
}
