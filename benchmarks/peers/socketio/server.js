// Socket.IO on Express: what is posted to /push goes to every socket. node server.js PORT
import { createServer } from "node:http";
import express from "express";
import { Server } from "socket.io";

const app = express();
const server = createServer(app);
const io = new Server(server); // compression of sockets is off, as it comes

app.post("/push", express.text({ type: () => true, limit: "2mb" }), (request, response) => {
  io.emit("push", request.body);
  response.sendStatus(204);
});

server.listen(Number(process.argv[2]), "127.0.0.1", 1024, () => console.log("ready"));
