module podwire.test/interop/sockets

go 1.25.0
