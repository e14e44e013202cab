//! What a text holds for the hand: commands to type, addresses to open.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Programs whose inline mention is a command.
const PROGRAMS: [&str; 5] = ["kubectl ", "k ", "helm ", "kubekata ", "curl "];

/// Every command of the text: the lines of its shell blocks (only those behind
/// a prompt, where there are prompts), and inline code that begins like one.
pub fn commands(source: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut block: Option<String> = None;
    for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if is_shell(&info) => {
                block = Some(String::new());
            }
            Event::Text(text) => {
                if let Some(block) = &mut block {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some(block) = block.take() {
                    commands.extend(of_block(&block));
                }
            }
            Event::Code(code) if PROGRAMS.iter().any(|program| code.starts_with(program)) => {
                commands.push(code.into_string());
            }
            _ => {}
        }
    }
    commands
}

fn is_shell(info: &str) -> bool {
    let language = info.split([' ', ',']).next().unwrap_or_default();
    matches!(language, "sh" | "bash" | "shell" | "console" | "zsh")
}

fn of_block(block: &str) -> Vec<String> {
    let with_prompt: Vec<String> = block
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect();
    if !with_prompt.is_empty() {
        return with_prompt;
    }
    block
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Every address that the text links to, each once.
pub fn links(source: &str) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for event in Parser::new_ext(source, Options::ENABLE_TABLES) {
        if let Event::Start(Tag::Link { dest_url, .. }) = event
            && (dest_url.starts_with("https://") || dest_url.starts_with("http://"))
            && !links.iter().any(|known| *known == *dest_url)
        {
            links.push(dest_url.into_string());
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_of_shell_blocks_and_inline_calls_of_known_programs() {
        let source = "Try `kubectl get pods`, not `spec.replicas`.\n\n```sh\n# look\nk get po\n```\n\n```console\n$ k get cm\nNAME\n```\n\n```yaml\nkind: Pod\n```\n";
        assert_eq!(
            commands(source),
            ["kubectl get pods", "k get po", "k get cm"]
        );
    }

    #[test]
    fn links_are_listed_once_and_only_those_a_browser_opens() {
        let source = "[a](https://a.example) [b](#b) [a](https://a.example) <http://c.example>";
        assert_eq!(links(source), ["https://a.example", "http://c.example"]);
    }
}
