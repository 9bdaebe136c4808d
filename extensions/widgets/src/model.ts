// The part of an anywidget model that is used here, and of the kernel behind it.

import type { Json } from "./wire";

export interface Model {
  get(name: string): unknown;
  on(name: string, callback: (...args: never[]) => void): void;
  off(name: string, callback: (...args: never[]) => void): void;
  send(content: unknown): void;
  widget_manager?: Manager;
}

export interface Manager {
  kernel?: Kernel | null;
}

/** JupyterLab's kernel connection, as far as a channel needs it (JupyterLab 4.2 and newer). */
export interface Kernel {
  readonly info: Promise<unknown>;
  readonly supportsSubshells?: boolean;
  readonly status?: string;
  createComm(target: string): Comm;
}

export interface Comm {
  readonly isDisposed: boolean;
  readonly subshellStarted?: Promise<void>;
  commsOverSubshells?: string;
  open(data?: Json): unknown;
  send(data: Json): unknown;
}
