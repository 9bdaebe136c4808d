// What the answers of `why` and `explain` look like.

import { describe, expect, it } from "vitest";

import { h } from "../src/dom";
import { marked } from "../src/debug/why_tab";

const shown = (text: string): string => h("p", {}, ...marked(text)).innerHTML;

describe("what is between backticks in an answer", () => {
  it("is written as code", () => {
    expect(shown("its guard `data.n > 3` held")).toBe("its guard <code>data.n &gt; 3</code> held");
  });

  it("is left alone where one is odd, and is never markup", () => {
    expect(shown("said ` once")).toBe("said ` once");
    expect(shown("`<b>x</b>`")).toBe("<code>&lt;b&gt;x&lt;/b&gt;</code>");
  });
});
