/** What an admin may say of uploads. */
import { duration, options, path, secret, size, text, z } from "#plugin";

const bucket = (quota: string, keep: string, what: string) =>
  z.strictObject({
    quota: size({ unlimited: Infinity }).prefault(quota).describe(`What one account may have in ${what}.`),
    keep: duration({ forever: Infinity }).prefault(keep).describe("How long a file is kept."),
  }).prefault({}).describe(`Files for ${what}.`);

export const uploadOptions = options({
  path: z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: 'expected a path such as "/upload"' })
    .default("/upload").describe("Where files are served, below the host's address."),
  folder: path().optional().meta({ example: "/var/lib/metronome/upload" }).describe(
    "Where files lie, in a folder of the host's name below it. Without it: `upload` in the data folder.",
  ),
  largest: size().prefault("100 MiB").describe("The largest file."),
  message: bucket("2 GiB", "30 days", "messages"),
  profile: bucket("20 MiB", "forever", "avatars and other parts of a profile"),
  permanent: bucket("500 MiB", "forever", "posts and other things that stay"),
  ephemeral: bucket("1 GiB", "2 days", "things that the sender lets expire"),
  host_quota: size({ unlimited: Infinity }).prefault("unlimited").describe(
    "What all accounts may have together.",
  ),
  slots: z.number().int().min(1).max(10_000).default(50).describe(
    "Files that an account may have asked a place for and not sent yet.",
  ),
  slot_timeout: duration().prefault("15 min").describe("How long a file may take to begin to come."),
  inline: z.array(text().regex(/^[\w.+-]+\/([\w.+-]+|\*)$/, { error: 'expected a type such as "image/png"' }))
    .default([
      "image/avif",
      "image/gif",
      "image/jpeg",
      "image/png",
      "image/webp",
      "audio/*",
      "video/*",
      "text/plain",
    ]).describe(
      "Types that a browser may show by itself; all others are saved. Nothing that can hold a script.",
    ),
  sendfile: z.enum(["no", "x-accel-redirect", "x-sendfile"]).default("no").describe(
    "Lets a web server in front send the files: nginx (x-accel-redirect), Apache or lighttpd (x-sendfile).",
  ),
  sendfile_prefix: text().default("/metronome-upload").describe(
    "The internal location of nginx that leads to the host's folder of files; `metronome proxy nginx` writes it.",
  ),
  external: z.strictObject({
    url: z.string().regex(/^https?:\/\/[^\s?#]+$/, {
      error: 'expected an address such as "https://files.example.org/"',
    })
      .describe("Where files are put and fetched."),
    secret: secret().describe("What that server shares with us, to know that a file may be put."),
    delete_url: z.string().regex(/^https?:\/\/[^\s?#]+$/).optional().describe("Where files are deleted."),
    delete_secret: secret().optional().describe(
      "What that server shares with us, to know that a file may go.",
    ),
  }).optional().describe(
    "Another server that keeps the files, by the protocol of the original's `http_upload_external`.",
  ),
});

export type UploadOptions = z.infer<typeof uploadOptions>;

/** What a file is for (XEP-0363 §5). */
export const PURPOSES = ["message", "profile", "ephemeral", "permanent"] as const;
export type Purpose = typeof PURPOSES[number];
