import { MaxRedirectsError } from "got";
import { isSystemError } from "../../system/index.ts";
import type { Suspicion } from "./download.ts";
import { redactUrl } from "./source-places.ts";

/** `HPE_…` is what Node calls an answer that is no HTTP: header lines that break, two lengths. */
export function suspicionOf(error: Error): Suspicion | undefined {
  if (error instanceof MaxRedirectsError) return "redirect";
  return isSystemError(error) && error.code?.startsWith("HPE_") ? "malformed-answer" : undefined;
}

/** Whether a connection ended within the body. */
export const isBrokenOff = (error: Error): boolean => isSystemError(error, "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_HTTP_CONTENT_LENGTH_MISMATCH");

/** What Node and OpenSSL call a server's certificate that is not to be believed. X509_verify_cert_error_string(3) */
const WRONG_CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_(?:GET_ISSUER|VERIFY|DECRYPT_CERT)|SELF_SIGNED_|DEPTH_ZERO_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_|(?:CA|EE)_(?:MD|KEY)_TOO_)/;

export const isWrongCertificate = (error: Error): boolean => isSystemError(error) && WRONG_CERTIFICATE.test(error.code ?? "");

export const certificateProblem = (error: Error): string => `its certificate is not to be believed: ${redactUrl(error.message)}`;

/** What ended a request, for people. */
export function connectionProblem(error: Error): string {
  // OpenSSL's own words are of no use, and of several lines.
  if (isSystemError(error) && /^(?:EPROTO$|ERR_SSL_)/.test(error.code ?? "")) return "no TLS connection comes about: it may be that it speaks http alone";
  return redactUrl(error.message);
}
