/**
 * Covers everything in this program that an image's bytes depend on: how packages are unpacked and in which order they are installed, what is
 * written for users, files, locale and time zone, the normalisation rules, the tar format of layers, canonical JSON, the form of the config.
 * A change that can move a digest gets a new number, and every image.yaml a new version.
 */
export const COMPATIBILITY_VERSION = 2;
