/** XEP-0252: BOSH by script tags. A request is the query of a GET, a response a call of a function with one string. */

/** The function that is called where the client names none (§2.3). */
const STANDARD = "_BOSH_";

/** How a response has to be written. */
export interface ScriptSyntax {
  /** Set for the form of older servers: the name is the client's, and the string is in an object. */
  readonly callback?: string;
}

/** A request as it stands in the query: the body, and how it wants to be answered. Undefined where it is none. */
export function readScript(
  query: string,
  callbacks: boolean,
): { text: string; syntax: ScriptSyntax } | undefined {
  if (query.startsWith("%3C") || query.startsWith("%3c") || query.startsWith("<")) {
    const text = decoded(query);
    return text === undefined ? undefined : { text, syntax: {} };
  }
  if (!callbacks) return undefined;
  const parameters = new Map(
    query.split("&").map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, ""] as const : [pair.slice(0, at), decoded(pair.slice(at + 1)) ?? ""] as const;
    }),
  );
  const [callback, text] = [parameters.get("callback"), parameters.get("data")];
  // What is called runs in the page: a plain name, and nothing that could be more than a call.
  if (callback === undefined || text === undefined || !/^[A-Za-z_$][\w$]{0,63}$/.test(callback)) {
    return undefined;
  }
  return { text, syntax: { callback } };
}

/** A response's body as a script. */
export function writeScript(body: string, { callback }: ScriptSyntax): string {
  const string = `"${body.replace(UNSAFE, escaped)}"`;
  return callback === undefined ? `${STANDARD}(${string})` : `${callback}({"reply":${string}});`;
}

/** What ECMAScript does not take in a string, or engines leave out: ends of lines and format characters (§2.3). */
const UNSAFE = /["\\\n\r\u2028\u2029\p{Cf}]/gu;

function escaped(char: string): string {
  switch (char) {
    case '"':
    case "\\":
      return "\\" + char;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    default:
      return [...Array(char.length).keys()]
        .map((i) => "\\u" + char.charCodeAt(i).toString(16).padStart(4, "0")).join("");
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
