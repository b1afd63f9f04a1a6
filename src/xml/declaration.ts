/** The XML declaration at the start of a stream: XML 1.0 §2.8, and UTF-8 or nothing (RFC 6120 §11.6). */
import { malformed } from "./chars.ts";
import { XmlError } from "./error.ts";

const SPACE = "[ \\t\\r\\n]";
const VERSION = `${SPACE}+version${SPACE}*=${SPACE}*(?:"1\\.[0-9]+"|'1\\.[0-9]+')`;
const ENCODING = `(?:${SPACE}+encoding${SPACE}*=${SPACE}*(?:"([A-Za-z][\\w.-]*)"|'([A-Za-z][\\w.-]*)'))?`;
const STANDALONE = `(?:${SPACE}+standalone${SPACE}*=${SPACE}*(?:"(?:yes|no)"|'(?:yes|no)'))?`;
const DECLARATION = new RegExp(`^<\\?xml${VERSION}${ENCODING}${STANDALONE}${SPACE}*\\?>$`);

/** The longest declaration that is waited for. */
export const LONGEST_DECLARATION = 256;

/** Checks a whole `<?xml … ?>`. */
export function checkDeclaration(text: string): void {
  const parts = DECLARATION.exec(text);
  if (parts === null) {
    // Any other target is a processing instruction (RFC 6120 §11.1).
    if (!/^<\?xml[ \t\r\n?]/.test(text)) {
      throw new XmlError("restricted-xml", "processing instructions are not allowed");
    }
    throw malformed("the XML declaration is not one of XML 1.x");
  }
  const encoding = parts[1] ?? parts[2];
  if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
    throw new XmlError("unsupported-encoding", "the stream declares an encoding other than UTF-8");
  }
}
