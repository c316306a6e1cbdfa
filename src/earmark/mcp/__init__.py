"""The MCP edge: assistants call tools, which call the rooms through the same checks as HTTP.

`tools/` has a file for each kind of tool, `catalogue.py` the list of them. `http.py` answers `POST /mcp`, `stdio.py`
and `remote.py` serve one person on standard input and output. The SDK is imported only by `server.py`, `http.py`,
`stdio.py` and `remote.py`, which are loaded when MCP is first used. Decides: what a tool is called, takes and shows.
Never: what a caller may see, or what answers a question.
"""
