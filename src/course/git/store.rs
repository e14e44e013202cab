//! Courses of git repositories in the data folder: fetched when they are first asked for, and
//! pinned to the commit that their revision led to then.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::files::CourseFiles;
use super::super::problem::{Problem, Problems};
use super::origin::GitOrigin;
use super::program::Git;

/// A folder with a bare repository for each course.
pub struct GitCourses {
    folder: PathBuf,
}

/// What a course is, until it is updated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    pub url: String,
    pub revision: String,
    pub commit: String,
}

/// Longer files are no text of a course.
const LONGEST_FILE: usize = 4 << 20;

impl GitCourses {
    /// Those in a folder, which is made if need be.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The files of a course; fetched where it is not there yet.
    pub fn files(&self, origin: &GitOrigin) -> Result<CourseFiles> {
        let pinned = match self.pinned(origin) {
            Some(pinned) => pinned,
            None => self.fetch(origin)?,
        };
        read(
            &Git {
                repository: &self.repository(origin),
            },
            &pinned.commit,
        )
    }

    /// The commit that a course stands at; `None` where it was never fetched.
    pub fn pinned(&self, origin: &GitOrigin) -> Option<Pinned> {
        let text = std::fs::read_to_string(self.pin(origin)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Fetches the course, and pins it to the commit that its revision leads to now.
    pub fn fetch(&self, origin: &GitOrigin) -> Result<Pinned> {
        let repository = self.repository(origin);
        std::fs::create_dir_all(&repository)
            .with_context(|| format!("cannot make the folder {}", repository.display()))?;
        let git = Git {
            repository: &repository,
        };
        git.run(&["init", "--quiet", "--bare"], "")?;
        let commit = fetch(&git, origin).with_context(|| format!("cannot fetch {origin}"))?;
        let pinned = Pinned {
            url: origin.url.clone(),
            revision: origin.revision.clone(),
            commit,
        };
        let pin = self.pin(origin);
        std::fs::write(&pin, serde_json::to_string_pretty(&pinned)?)
            .with_context(|| format!("cannot write {}", pin.display()))?;
        Ok(pinned)
    }

    fn repository(&self, origin: &GitOrigin) -> PathBuf {
        self.folder.join(format!("{}.git", name_of(origin)))
    }

    fn pin(&self, origin: &GitOrigin) -> PathBuf {
        self.folder.join(format!("{}.json", name_of(origin)))
    }
}

/// A name that a person recognizes, and that no other origin has.
fn name_of(origin: &GitOrigin) -> String {
    let last = origin.url.trim_end_matches('/').rsplit(['/', ':']).next();
    let last = last.unwrap_or_default().trim_end_matches(".git");
    let plain: String = last
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let digest = Sha256::digest(origin.to_string().as_bytes());
    let digest: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{plain}-{digest}")
}

/// Gets the commit that the revision leads to.
fn fetch(git: &Git<'_>, origin: &GitOrigin) -> Result<String> {
    let (url, revision) = (origin.url.as_str(), origin.revision.as_str());
    let alone = [
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-write-fetch-head",
        "--",
        url,
    ];
    let wanted = format!("+{revision}:refs/kubekata/wanted");
    if git
        .run(&[&alone[..], &[wanted.as_str()]].concat(), "")
        .is_ok()
    {
        return resolve(git, "refs/kubekata/wanted");
    }
    // Not every server gives a commit by its name, and none by the beginning of it.
    let all = [
        "fetch",
        "--quiet",
        "--",
        url,
        "+refs/heads/*:refs/heads/*",
        "+refs/tags/*:refs/tags/*",
    ];
    git.run(&all, "")?;
    resolve(git, revision)
}

fn resolve(git: &Git<'_>, revision: &str) -> Result<String> {
    let commit = format!("{revision}^{{commit}}");
    let out = git.run(
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ],
        "",
    );
    let out = out.with_context(|| format!("there is no {revision}"))?;
    let text = String::from_utf8_lossy(&out);
    let commit = text.lines().next_back().unwrap_or_default().trim();
    if commit.is_empty() {
        bail!("there is no {revision}");
    }
    Ok(commit.to_owned())
}

/// The course's files of a commit, straight from git's objects.
fn read(git: &Git<'_>, commit: &str) -> Result<CourseFiles> {
    let listing = git.run(&["ls-tree", "-r", "-z", "--full-tree", commit], "")?;
    let mut problems = Problems::default();
    let (mut paths, mut wanted) = (Vec::new(), String::new());
    for entry in String::from_utf8_lossy(&listing).split('\0') {
        // `100644 blob <object>\t<path>`
        let Some((head, path)) = entry.split_once('\t') else {
            continue;
        };
        if !CourseFiles::holds(path) {
            continue;
        }
        match head.split(' ').collect::<Vec<_>>().as_slice() {
            ["100644" | "100755", "blob", object] => {
                wanted.push_str(object);
                wanted.push('\n');
                paths.push(path.to_owned());
            }
            _ => problems.push(Problem::new(
                path,
                "a link or a submodule is no part of a course",
            )),
        }
    }
    let contents = git.run(&["cat-file", "--batch"], &wanted)?;
    let mut files = Vec::new();
    let mut rest = contents.as_slice();
    for path in paths {
        let (content, after) =
            next_blob(rest).with_context(|| format!("git does not give {path}"))?;
        rest = after;
        match String::from_utf8(content.to_vec()) {
            Ok(_) if content.len() > LONGEST_FILE => {
                problems.push(Problem::new(path, "too long for a file of a course"));
            }
            Ok(text) => files.push((path, text)),
            Err(_) => problems.push(Problem::new(path, "not UTF-8 text; course files are text")),
        }
    }
    let files = CourseFiles::owned(files);
    Ok(problems.or_ok(files)?)
}

/// `<object> blob <size>\n<content>\n`, and what follows.
fn next_blob(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&text[..end]).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let content = text.get(end + 1..end + 1 + size)?;
    Some((content, text.get(end + 2 + size..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A repository with a course of one file, and what changes it.
    struct Repository(tempfile::TempDir);

    impl Repository {
        fn new() -> Self {
            let repository = Self(tempfile::tempdir().expect("a folder"));
            repository.git(&["init", "--quiet", "--initial-branch=main"]);
            repository.commit("first");
            repository
        }

        fn git(&self, arguments: &[&str]) -> String {
            let output = Command::new("git")
                .current_dir(self.0.path())
                .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
                .args(arguments)
                .env_remove("GIT_DIR")
                .output()
                .expect("git runs");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }

        fn commit(&self, title: &str) -> String {
            std::fs::create_dir_all(self.0.path().join("lessons")).expect("a folder");
            let file = self.0.path().join("lessons/course.yaml");
            std::fs::write(file, format!("title: {title}\n")).expect("it is written");
            self.git(&["add", "-A"]);
            self.git(&["commit", "--quiet", "-m", title]);
            self.git(&["rev-parse", "HEAD"])
        }

        fn origin(&self, revision: &str) -> GitOrigin {
            GitOrigin {
                url: format!("file://{}", self.0.path().display()),
                revision: revision.to_owned(),
            }
        }
    }

    fn courses() -> (tempfile::TempDir, GitCourses) {
        let folder = tempfile::tempdir().expect("a folder");
        let courses = GitCourses::in_folder(folder.path().join("courses"));
        (folder, courses)
    }

    fn has_git() -> bool {
        let has = Command::new("git").arg("--version").output().is_ok();
        if !has {
            eprintln!("skipped: git is missing here");
        }
        has
    }

    fn title(courses: &GitCourses, origin: &GitOrigin) -> String {
        let files = courses
            .files(origin)
            .unwrap_or_else(|error| panic!("{error:#}"));
        files
            .get("lessons/course.yaml")
            .expect("it is there")
            .to_owned()
    }

    #[test]
    fn a_course_stays_at_the_commit_that_was_fetched_until_it_is_updated() {
        if !has_git() {
            return;
        }
        let (repository, (_folder, courses)) = (Repository::new(), courses());
        let main = repository.origin("main");
        assert_eq!(title(&courses, &main), "title: first\n");
        let second = repository.commit("second");
        assert_eq!(title(&courses, &main), "title: first\n");
        assert_eq!(courses.fetch(&main).expect("it is fetched").commit, second);
        assert_eq!(title(&courses, &main), "title: second\n");
        // Nothing is asked of the repository any more.
        drop(repository);
        assert_eq!(title(&courses, &main), "title: second\n");
    }

    #[test]
    fn tags_commits_and_their_beginnings_name_a_course() {
        if !has_git() {
            return;
        }
        let (repository, (_folder, courses)) = (Repository::new(), courses());
        let first = repository.git(&["rev-parse", "HEAD"]);
        repository.git(&["tag", "-a", "v1", "-m", "v1"]);
        repository.commit("second");
        for revision in ["v1", first.as_str(), &first[..10]] {
            assert_eq!(
                title(&courses, &repository.origin(revision)),
                "title: first\n"
            );
        }
        let error = courses
            .files(&repository.origin("v9"))
            .expect_err("there is none");
        assert!(format!("{error:#}").contains("there is no v9"), "{error:#}");
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_course_are_refused_and_what_is_beside_it_is_not_read() {
        if !has_git() {
            return;
        }
        let (repository, (_folder, courses)) = (Repository::new(), courses());
        let at = repository.0.path();
        std::fs::write(at.join("README.md"), [0xff, 0xfe]).expect("it is written");
        repository.commit("beside");
        assert_eq!(
            title(&courses, &repository.origin("main")),
            "title: beside\n"
        );
        std::os::unix::fs::symlink("/etc/passwd", at.join("lessons/a.md")).expect("a link");
        repository.commit("linked");
        let error = courses.fetch(&repository.origin("main")).map(drop);
        error.expect("it is fetched");
        let error = courses
            .files(&repository.origin("main"))
            .expect_err("it is refused");
        assert!(
            format!("{error:#}").contains("lessons/a.md: a link"),
            "{error:#}"
        );
    }

    #[test]
    fn a_repository_that_is_not_there_is_told_with_gits_words() {
        if !has_git() {
            return;
        }
        let (_folder, courses) = courses();
        let origin = GitOrigin {
            url: "file:///nowhere/at/all".to_owned(),
            revision: "v1".to_owned(),
        };
        let error = format!("{:#}", courses.files(&origin).expect_err("there is none"));
        assert!(
            error.starts_with("cannot fetch file:///nowhere/at/all#v1: git fetch: "),
            "{error}"
        );
    }
}
