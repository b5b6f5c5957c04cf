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
  // The terminal shows what is typed as well: only what the shell puts together is the end.
  machine.send(`${command}; echo en''d-of-command\n`);
  const shown = await machine.expect(/\r?\nend-of-command\r?\n/, { timeout: 60_000 });
  const [, ...output] = shown.split(/\r?\n/);
  return output.slice(0, -2).join("\n").trim();
}
