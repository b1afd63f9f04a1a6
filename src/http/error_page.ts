/** What a request that failed is told: JSON for programs that ask for it, a small page for browsers, else a line of text. */
import { STATUS_CODES } from "node:http";
import { html } from "hono/html";
import { htmlPage, PAGE_POLICY } from "./html_page.ts";

/** A response of an error, in the form that suits the `Accept` header. */
export function errorResponse(accept: string | undefined, status: number, text: string): Response {
  const headers: Record<string, string> = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    vary: "Accept",
  };
  switch (preferred(accept ?? "")) {
    case "json":
      headers["content-type"] = "application/json; charset=utf-8";
      return new Response(JSON.stringify({ error: codeOf(status), message: text }) + "\n", {
        status,
        headers,
      });
    case "html":
      headers["content-type"] = "text/html; charset=utf-8";
      headers["content-security-policy"] = PAGE_POLICY;
      return new Response(String(htmlPage(String(status), html`<p>${text}</p>`)), { status, headers });
    default:
      headers["content-type"] = "text/plain; charset=utf-8";
      return new Response(text + "\n", { status, headers });
  }
}

/** The first of the two that is named with any quality above 0; browsers name HTML first (RFC 9110 §12.5.1). */
function preferred(accept: string): "json" | "html" | "text" {
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.trim().toLowerCase().split(";");
    if (parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter))) continue;
    if (/^application\/(.+\+)?json$/.test(type)) return "json";
    if (type === "text/html" || type === "application/xhtml+xml") return "html";
  }
  return "text";
}

/** For programs: "not-found". */
function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? "error").toLowerCase().replaceAll(/[^a-z]+/g, "-");
}
