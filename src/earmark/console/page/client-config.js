// What a person pastes into an assistant to connect it to this server, as `earmark mcp config` prints it; ChatGPT, which
// takes no token, gets the address and signs in.

import { commandLine } from "./copyable.js";

/** @typedef {"claude-code" | "claude-desktop" | "cursor" | "vscode" | "chatgpt"} Client */
/** @type {Client[]} */
export const CLIENTS = ["claude-code", "claude-desktop", "cursor", "vscode", "chatgpt"];

/**
 * @param {Client} client
 * @param {string} origin the server's, without a slash at the end
 * @param {string} token
 */
export function configureClient(client, origin, token) {
  const [url, header] = [`${origin}/mcp`, `Bearer ${token}`];
  if (client === "chatgpt") return url;
  if (client === "claude-code") {
    return commandLine("claude", "mcp", "add", "--transport", "http", "earmark", url, "--header", `Authorization: ${header}`);
  }
  if (client === "claude-desktop") { // it only starts programs, so one passes on to the server
    return json({ mcpServers: { earmark: { command: "earmark", args: ["mcp", "--url", origin], env: { EARMARK_MCP_TOKEN: token } } } });
  }
  const headers = { Authorization: header };
  return json(client === "vscode" ? { servers: { earmark: { type: "http", url, headers } } } : { mcpServers: { earmark: { url, headers } } });
}

/** @param {any} value */
const json = (value) => JSON.stringify(value, null, 2);
