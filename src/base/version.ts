/** Which release this is; equal to the version in deno.json, which a compiled executable cannot read. */
export const VERSION = "5.0.0";
