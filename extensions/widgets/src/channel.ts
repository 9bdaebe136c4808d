// A comm of our own for commands, so that a click is answered while a cell is running.
//
// A message that goes to the kernel on a comm is handled by the (sub)shell that last sent on that
// comm. The kernel sends state on the widget's comm, often from a cell; commands on it would wait
// for that cell. The kernel never sends on this one, so its messages go to the subshell that
// JupyterLab opened for its target, and that is free.

import type { Comm, Kernel, Model } from "./model";
import type { Json } from "./wire";

export const TARGET = "traaviis_lab.commands";
const SUBSHELL_WAIT_MS = 3000;

export interface Channel {
  /** Whether commands overtake a running cell. */
  readonly free: boolean;
  /** Whether the kernel has nothing to do: who gets no answer then is not waiting for a cell. */
  idle(): boolean;
  send(command: Json): Promise<void>;
}

/** One channel per kernel connection, shared by all widgets in the page (and their modules). */
const shared = globalThis as typeof globalThis & {
  __traaviisLabChannels?: WeakMap<Kernel, Promise<Comm>>;
};

export async function openChannel(model: Model): Promise<Channel> {
  const kernel = model.widget_manager?.kernel;
  if (!kernel) {
    const send = (command: Json): Promise<void> => {
      model.send(command);
      return Promise.resolve();
    };
    return { free: false, idle: () => false, send };
  }
  const channels = (shared.__traaviisLabChannels ??= new WeakMap());
  const comm = async (): Promise<Comm> => {
    const known = await channels.get(kernel)?.catch(() => undefined);
    if (known && !known.isDisposed) return known;
    const opening = openComm(kernel);
    channels.set(kernel, opening);
    return opening;
  };
  await comm();
  return {
    free: kernel.supportsSubshells === true,
    idle: () => kernel.status === "idle",
    send: async (command) => void (await comm()).send(command),
  };
}

async function openComm(kernel: Kernel): Promise<Comm> {
  await kernel.info; // before it, nobody knows whether there are subshells
  const comm = kernel.createComm(TARGET);
  if (kernel.supportsSubshells) {
    // a person may have turned comms over subshells off; this comm needs one all the same
    if (comm.commsOverSubshells === "disabled") comm.commsOverSubshells = "perCommTarget";
    const started = comm.subshellStarted?.catch(() => undefined); // without one: like no subshells
    await Promise.race([started, pause(SUBSHELL_WAIT_MS)]);
  }
  comm.open({});
  return comm;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
