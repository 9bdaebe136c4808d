// Passes requests on and adds a token: the conformance suite cannot send one. Host and Origin go through
// as they are, but where they name this proxy: so the suite's own tries at rebinding reach the server.
import http from "node:http";

const [target, token] = [new URL(process.argv[2]), process.argv[3]];
const server = http.createServer((request, answer) => {
  const here = [`127.0.0.1:${server.address().port}`, `localhost:${server.address().port}`];
  const headers = { authorization: `Bearer ${token}`, ...request.headers };
  if (here.includes(headers.host)) headers.host = target.host;
  if (here.some((name) => `http://${name}` === headers.origin)) headers.origin = target.origin;
  const { method, url: path } = request;
  const asked = http.request(
    { host: target.hostname, port: target.port, method, path, headers, agent: false },
    (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    },
  );
  asked.on("error", (error) => {
    if (!answer.headersSent) answer.writeHead(502);
    answer.end(String(error));
  });
  answer.on("close", () => asked.destroy());
  request.pipe(asked);
});
server.listen(0, "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${server.address().port}${target.pathname}`),
);
