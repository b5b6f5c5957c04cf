import type { VirtualMachine } from "./qemu.ts";

/** Logs in at the prompt the machine has shown or will show. Without a password none is asked for. */
export async function logIn(machine: VirtualMachine, user: string, password?: string): Promise<void> {
  await machine.expect(/login: $/);
  machine.send(`${user}\n`);
  if (password !== undefined) {
    await machine.expect(/Password: /);
    machine.send(`${password}\n`);
  }
  await machine.expect(/[#$] $/);
}

/** What a command prints on the console of a machine where somebody has logged in. */
export async function runOnConsole(machine: VirtualMachine, command: string): Promise<string> {
  // The terminal shows what is typed as well: only the shell puts these two words together.
  machine.send(`echo be''gin-of-output; ${command}; echo en''d-of-output\n`);
  await machine.expect(/begin-of-output\r?\n/, { timeout: 60_000 });
  const shown = await machine.expect(/end-of-output\r?\n/, { timeout: 60_000 });
  return shown.replaceAll("\r", "").slice(0, -"end-of-output\n".length).trim();
}
