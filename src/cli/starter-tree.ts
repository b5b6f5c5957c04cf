/** What `rbuild init` writes: a small Debian live system by live-build, to be made one's own. */
export const STARTER_FILES: Readonly<Record<string, string>> = {
  "rbuild.yaml": `# How rbuild builds this tree. docs/rbuild-yaml.md of rbuild has all fields.
builder: builder
target: iso
artifacts:
  - "*.iso"
proxy: link
`,
  Makefile: `# Builds a Debian live ISO. \`rbuild iso\` runs this in its builder image with the tree read-only; as root on a Debian with
# live-build and git, \`make iso\` does the same by hand.

# Set by rbuild: where to work, where results go, the mirror, the commit's time.
RBUILD_SCRATCH ?= build
RBUILD_OUTPUT ?= out
RBUILD_MIRROR ?= $(shell apt-get indextargets --format '$$(REPO_URI)' 'Created-By: Packages' 'Codename: $(suite)' | head -n 1)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

suite := bookworm
packages := openssh-client vim-tiny

# Neither the place nor the hour of a build may reach its bytes.
export LC_ALL := C.UTF-8
export TZ := UTC
export SOURCE_DATE_EPOCH

work := $(abspath $(RBUILD_SCRATCH))/live
out := $(abspath $(RBUILD_OUTPUT))

.DEFAULT_GOAL := help
.PHONY: help iso clean

help: ## Show this list
	@sed -n 's/^\\([a-z]*\\):.*## /\\1\\t/p' $(firstword $(MAKEFILE_LIST))

iso: ## Build the live ISO into $(RBUILD_OUTPUT)
	rm -rf --one-file-system $(work)
	mkdir -p $(work)/config/package-lists $(out)
	printf '%s\\n' $(packages) > $(work)/config/package-lists/own.list.chroot
	cd $(work) && lb config noauto \\
		--distribution $(suite) \\
		--archive-areas main \\
		--mirror-bootstrap $(RBUILD_MIRROR) \\
		--mirror-binary $(RBUILD_MIRROR) \\
		--updates false --security false \\
		--debootstrap-options --variant=minbase \\
		--apt-indices false --apt-recommends false \\
		--firmware-binary false --firmware-chroot false \\
		--cache false --debian-installer none --memtest none \\
		--chroot-squashfs-compression-type zstd \\
		--image-name live
	cd $(work) && lb build
	install -m 0644 $(work)/live-amd64.hybrid.iso $(out)/live-amd64.iso
	cd $(out) && sha256sum live-amd64.iso

clean: ## Remove scratch and output
	rm -rf --one-file-system $(work) $(out)
`,
};
