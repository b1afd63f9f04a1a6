/** The picture of the server: a PNG of 32 by 32, in base64. */
export const ICON = [
  "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAYAAABzenr0AAABXElEQVR42mNgGAVDCUwL0ZEH4v8EsDwtHZBPhAPyaemA84Qc",
  "cHJB1XlaWc5PhO//v7yw+v/XR/v4aeGAeEKWL89zB1kOwvG0cMB6Qg7YPykb7ID1VcHraeEAgsF/d9/M/+9vbgGzqW25PyHL",
  "Z8eYgn1/cU07TMyfmg6Yj8/y04vrYHH///rWCTDx+dR0wHsiEh4cb26IBMm9p5bl+vh8v7Y8AMMBoMQIldenhgP6CcU9KOHB",
  "LAexF6baweT7qeGA+4QS4NHZpfAECIoSJLn79Kh8wAkPlv2oWjkRWfmgp37qVU7EVD6gFA9ywM7OJFxqztO08oGVAUgJDxvm",
  "p0nlA6v9Hh9fREhdPE0qH5CvQb4HhQIBtetpUvmA4h3kAFBhREgt1SsfIrIfOia+cvLSkZoPxP+pjOeT4oD3NHDAe2It16eB",
  "5TCsT4wD+mnogH5iHHCfhg64zzAKBhsAAAfefeUII7tSAAAAAElFTkSuQmCC",
].join("");
