"""Reports as text, Markdown, JSON and SARIF, and the findings that they leave out."""
