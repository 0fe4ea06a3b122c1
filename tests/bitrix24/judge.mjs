// SPDX-License-Identifier: Apache-2.0
// The official SDK, @bitrix24/b24jssdk, driven by test_judge.py: a line of JSON in, a line out.
//
//     node judge.mjs DIR        DIR: a folder below which node_modules has the package

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const { B24OAuth } = createRequire(resolve(process.argv[2], "judge"))("@bitrix24/b24jssdk");

let b24;
let refreshed = 0;

function shown(error) {
  return { code: String(error.code), status: error.status ?? null, message: error.message,
           validation: error.validation ?? null };
}

// What the SDK returns, as data: pages of a generator are joined, results of batches are plain.
function plain(value) {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value && typeof value.getData === "function") {
    return { success: value.isSuccess, data: plain(value.getData()),
             errors: [...value.getErrors()].map(shown) };
  }
  return value === undefined ? null : value;
}

async function make({ version, action, options }) {
  const result = b24.actions[version][action].make(options);
  if (typeof result?.[Symbol.asyncIterator] !== "function") {
    return plain(await result);
  }
  const pages = [];
  for await (const page of result) {
    pages.push(page);
  }
  return { success: true, data: pages.flat(), pages: pages.length };
}

const operations = {
  open({ auth, secret, restrictionParams }) {
    b24 = new B24OAuth(auth, secret, { restrictionParams });
    b24.offClientSideWarning();
    b24.setCallbackRefreshAuth(async () => { refreshed += 1; });
    refreshed = 0;
    return {};
  },
  make,
  together: ({ calls }) => Promise.all(calls.map(make)),
  tool: ({ name }) => b24.tools[name].make({}),
  async admin() {
    await b24.initIsAdmin();
    return b24.auth.isAdmin;
  },
  state: ({ version }) => ({ refreshed, auth: b24.auth.getAuthData(),
                             stats: b24.getHttpClient(version).getStats() }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { result: await operations[operation](given) };
  } catch (error) {
    answer = { thrown: shown(error) };
  }
  console.log(JSON.stringify(answer));
}
