/** The version of this server; a test holds it to the one in deno.json. */
export const VERSION = "5.0.0";
