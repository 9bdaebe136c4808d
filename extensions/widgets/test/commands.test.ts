// Commands travel on their own comm, are answered by id, and are late after a second.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openChannel, TARGET } from "../src/channel";
import { Commands } from "../src/commands";
import type { Comm, Kernel } from "../src/model";
import { fakeCommands, FakeModel, forever } from "./given";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeKernel(supportsSubshells: boolean): { kernel: Kernel; log: string[]; comms: Comm[] } {
  const log: string[] = [];
  const comms: Comm[] = [];
  const kernel: Kernel = {
    info: Promise.resolve().then(() => log.push("info")),
    supportsSubshells,
    status: "busy",
    createComm: (target) => {
      log.push(`create ${target}`);
      const comm = {
        isDisposed: false,
        commsOverSubshells: "disabled",
        subshellStarted: Promise.resolve().then(() => void log.push("subshell")),
        open: () => log.push("open"),
        send: (data: unknown) => log.push(`send ${(data as { do: string }).do}`),
      };
      comms.push(comm);
      return comm;
    },
  };
  return { kernel, log, comms };
}

function modelOn(kernel: Kernel): FakeModel {
  return Object.assign(new FakeModel({}), { widget_manager: { kernel } });
}

test("the comm is opened after kernel info and with its subshell", async () => {
  const { kernel, log, comms } = fakeKernel(true);
  const channel = await openChannel(modelOn(kernel));
  await channel.send({ do: "x" });
  await vi.advanceTimersByTimeAsync(1);
  expect(log).toEqual(["info", `create ${TARGET}`, "subshell", "open", "send x"]);
  expect(comms[0]?.commsOverSubshells).toBe("perCommTarget");
  expect(channel.free).toBe(true);
});

test("all widgets of a page share one comm; after a restart a new one is opened", async () => {
  const { kernel, log, comms } = fakeKernel(true);
  await openChannel(modelOn(kernel));
  const channel = await openChannel(modelOn(kernel));
  expect(comms).toHaveLength(1);
  Object.assign(comms[0] ?? {}, { isDisposed: true });
  await channel.send({ do: "y" });
  await vi.advanceTimersByTimeAsync(1);
  expect(comms).toHaveLength(2);
  expect(log.at(-1)).toBe("send y");
});

test("without a kernel in reach commands go on the widget's comm", async () => {
  const model = new FakeModel({});
  const channel = await openChannel(model);
  await channel.send({ do: "send" });
  expect(model.sent).toEqual([{ do: "send" }]);
  expect(channel.free).toBe(false);
});

test("a reply finds its question, also when another page's reply comes first", async () => {
  const { commands, sent } = fakeCommands();
  const asked = commands.ask("send", { event: "x" });
  await vi.advanceTimersByTimeAsync(1);
  expect(sent[0]).toMatchObject({ do: "send", event: "x", widget: "k" });
  commands.answer({ type: "reply", id: "other:1", ok: false });
  commands.answer({ type: "reply", id: sent[0]?.id as string, ok: true });
  expect(await asked).toMatchObject({ ok: true });
});

test("after a second without an answer the kernel is busy, until it answers", async () => {
  const { commands, sent } = fakeCommands();
  const busy = vi.fn();
  commands.onBusy(busy, forever);
  const asked = commands.ask("send");
  await vi.advanceTimersByTimeAsync(999);
  expect(busy).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2);
  expect(busy).toHaveBeenLastCalledWith("busy");
  commands.answer({ type: "reply", id: sent[0]?.id as string, ok: true });
  expect(busy).toHaveBeenLastCalledWith("");
  await asked;
});

test("a channel that cannot be opened is answered for, and tried again", async () => {
  let tries = 0;
  const commands = new Commands(new FakeModel({}), "k", () => {
    tries += 1;
    return Promise.reject(new Error("no kernel"));
  });
  commands.warm(); // must not end as an unhandled error
  await vi.advanceTimersByTimeAsync(1);
  expect(await commands.ask("send")).toMatchObject({ ok: false });
  await commands.ask("send");
  expect(tries).toBe(3);
});
