/** A certificate authority for one test and a certificate for `localhost` by it, so that clients can verify for real. */

/** Paths of PEM files. */
export interface Certificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes the authority and the certificate in `dir` with OpenSSL's command. */
export async function makeCertificate(dir: string): Promise<Certificate> {
  const caKey = `${dir}/ca.key`,
    ca = `${dir}/ca.pem`,
    key = `${dir}/localhost.key`,
    cert = `${dir}/localhost.crt`;
  const ec = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" ");
  await openssl([
    ...ec,
    ...[
      "-keyout",
      caKey,
      "-out",
      ca,
      "-subj",
      "/CN=Interop CA",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    ],
  ]);
  const names = "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1";
  await openssl([
    ...ec,
    ...["-keyout", key, "-out", cert, "-CA", ca, "-CAkey", caKey, "-subj", "/CN=localhost", "-addext", names],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
  ]);
  await Deno.writeTextFile(cert, await Deno.readTextFile(ca), { append: true });
  return { ca, cert, key };
}

async function openssl(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null" }).output();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}
