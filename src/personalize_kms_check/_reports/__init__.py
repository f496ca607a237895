"""Reports as text, Markdown, JSON and SARIF, and the findings they leave out."""
