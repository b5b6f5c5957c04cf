import { ownsNetwork } from "../../../system/index.ts";
import type { HostCheck } from "../check.ts";
import { findProgram } from "../find-program.ts";
import { probe } from "./probe.ts";

/** A bridge, a veth pair into a second network namespace, and nftables address translation, in a namespace that ends with the script. */
const SCRIPT = `
exec unshare --net sh -ec '
	ip link add rbdoctor0 type bridge
	ip link add rbdoctor1 type veth peer name rbdoctor2
	ip link set rbdoctor1 master rbdoctor0 up
	ip address add 192.0.2.1/24 dev rbdoctor0
	ip link set rbdoctor0 up
	nft -f - <<-end
		table ip rbdoctor {
			map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
			chain out { type nat hook postrouting priority 100; ip saddr 192.0.2.0/24 masquerade; }
			chain in { type nat hook prerouting priority -100; dnat to meta l4proto . th dport map @ports; }
		}
	end
'
`;

export const checkNetworking: HostCheck = async ({ isRoot }) => {
  const base = { id: "kernel.networking", needed: "bridge, veth and nftables address translation", why: "container networks" };
  if (!isRoot) return [{ ...base, status: "warn", found: "not tried: only root may make network interfaces", fix: "sudo rbuild doctor" }];
  if (!ownsNetwork()) {
    const found = "none in a user namespace: images are built, and trees whose packages are locked";
    return [{ ...base, status: "warn", found, fix: "sudo rbuild iso, or rbuild lock" }];
  }
  // Without its tools the check has nothing to try with; the tools have checks of their own.
  if (!(await findProgram(["ip"])) || !(await findProgram(["nft"]))) return [{ ...base, status: "warn", found: "not tried: ip or nft is missing" }];
  const result = await probe(SCRIPT);
  if (result.kind === "works") return [{ ...base, status: "ok", found: "all of them" }];
  return [{ ...base, status: "fail", found: result.reason, fix: "modprobe -a bridge veth nf_tables nft_chain_nat nft_masq" }];
};
