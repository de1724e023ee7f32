"""Every function of WASI 0.2, one row each: interface, function as WIT has it, handler. `wasi:` before and the version behind are understood.

A handler is `module:name` in this package, imported when a component imports the function. `[method]r.f` is called as the resource's object's method;
everything else with the store's `Guest` first. The class in a handler is the resource's; a resource without functions has a row `[resource]`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Row = tuple[str, str, str]

VERSION = "0.2.12"

IO = (
    ("io/error",   "[method]error.to-debug-string",                         "errors:Error.to_debug_string"),
    ("io/poll",    "[method]pollable.ready",                                "poll:Pollable.ready"),
    ("io/poll",    "[method]pollable.block",                                "poll:Pollable.block"),
    ("io/poll",    "poll",                                                  "poll:poll"),
    ("io/streams", "[method]input-stream.read",                             "streams:InputStream.read"),
    ("io/streams", "[method]input-stream.blocking-read",                    "streams:InputStream.blocking_read"),
    ("io/streams", "[method]input-stream.skip",                             "streams:InputStream.skip"),
    ("io/streams", "[method]input-stream.blocking-skip",                    "streams:InputStream.blocking_skip"),
    ("io/streams", "[method]input-stream.subscribe",                        "streams:InputStream.subscribe"),
    ("io/streams", "[method]output-stream.check-write",                     "streams:OutputStream.check_write"),
    ("io/streams", "[method]output-stream.write",                           "streams:OutputStream.write"),
    ("io/streams", "[method]output-stream.blocking-write-and-flush",        "streams:OutputStream.blocking_write_and_flush"),
    ("io/streams", "[method]output-stream.flush",                           "streams:OutputStream.flush"),
    ("io/streams", "[method]output-stream.blocking-flush",                  "streams:OutputStream.blocking_flush"),
    ("io/streams", "[method]output-stream.subscribe",                       "streams:OutputStream.subscribe"),
    ("io/streams", "[method]output-stream.write-zeroes",                    "streams:OutputStream.write_zeroes"),
    ("io/streams", "[method]output-stream.blocking-write-zeroes-and-flush", "streams:OutputStream.blocking_write_zeroes_and_flush"),
    ("io/streams", "[method]output-stream.splice",                          "streams:OutputStream.splice"),
    ("io/streams", "[method]output-stream.blocking-splice",                 "streams:OutputStream.blocking_splice"),
)  # fmt: skip

CLOCKS = (
    ("clocks/monotonic-clock", "now",                "clocks:now"),
    ("clocks/monotonic-clock", "resolution",         "clocks:resolution"),
    ("clocks/monotonic-clock", "subscribe-instant",  "clocks:subscribe_instant"),
    ("clocks/monotonic-clock", "subscribe-duration", "clocks:subscribe_duration"),
    ("clocks/wall-clock",      "now",                "clocks:wall_now"),
    ("clocks/wall-clock",      "resolution",         "clocks:wall_resolution"),
    ("clocks/timezone",        "display",            "clocks:timezone_display"),
    ("clocks/timezone",        "utc-offset",         "clocks:utc_offset"),
)  # fmt: skip

RANDOM = (
    ("random/random",        "get-random-bytes",          "random:get_random_bytes"),
    ("random/random",        "get-random-u64",            "random:get_random_u64"),
    ("random/insecure",      "get-insecure-random-bytes", "random:get_random_bytes"),
    ("random/insecure",      "get-insecure-random-u64",   "random:get_random_u64"),
    ("random/insecure-seed", "insecure-seed",             "random:insecure_seed"),
)  # fmt: skip

CLI = (
    ("cli/environment",     "get-environment",           "cli:get_environment"),
    ("cli/environment",     "get-arguments",             "cli:get_arguments"),
    ("cli/environment",     "initial-cwd",               "cli:initial_cwd"),
    ("cli/exit",            "exit",                      "cli:exit"),
    ("cli/exit",            "exit-with-code",            "cli:exit_with_code"),
    ("cli/stdin",           "get-stdin",                 "stdio:get_stdin"),
    ("cli/stdout",          "get-stdout",                "stdio:get_stdout"),
    ("cli/stderr",          "get-stderr",                "stdio:get_stderr"),
    ("cli/terminal-input",  "[resource]terminal-input",  "stdio:TerminalInput"),
    ("cli/terminal-output", "[resource]terminal-output", "stdio:TerminalOutput"),
    ("cli/terminal-stdin",  "get-terminal-stdin",        "stdio:get_terminal_stdin"),
    ("cli/terminal-stdout", "get-terminal-stdout",       "stdio:get_terminal_stdout"),
    ("cli/terminal-stderr", "get-terminal-stderr",       "stdio:get_terminal_stderr"),
)  # fmt: skip

FILESYSTEM = (
    ("filesystem/types",    "[method]descriptor.read-via-stream",                  "filesystem:Descriptor.read_via_stream"),
    ("filesystem/types",    "[method]descriptor.write-via-stream",                 "filesystem:Descriptor.write_via_stream"),
    ("filesystem/types",    "[method]descriptor.append-via-stream",                "filesystem:Descriptor.append_via_stream"),
    ("filesystem/types",    "[method]descriptor.advise",                           "filesystem:Descriptor.advise"),
    ("filesystem/types",    "[method]descriptor.sync-data",                        "filesystem:Descriptor.sync_data"),
    ("filesystem/types",    "[method]descriptor.get-flags",                        "filesystem:Descriptor.get_flags"),
    ("filesystem/types",    "[method]descriptor.get-type",                         "filesystem:Descriptor.get_type"),
    ("filesystem/types",    "[method]descriptor.set-size",                         "filesystem:Descriptor.set_size"),
    ("filesystem/types",    "[method]descriptor.set-times",                        "filesystem:Descriptor.set_times"),
    ("filesystem/types",    "[method]descriptor.read",                             "filesystem:Descriptor.read"),
    ("filesystem/types",    "[method]descriptor.write",                            "filesystem:Descriptor.write"),
    ("filesystem/types",    "[method]descriptor.read-directory",                   "filesystem:Descriptor.read_directory"),
    ("filesystem/types",    "[method]descriptor.sync",                             "filesystem:Descriptor.sync"),
    ("filesystem/types",    "[method]descriptor.create-directory-at",              "filesystem:Descriptor.create_directory_at"),
    ("filesystem/types",    "[method]descriptor.stat",                             "filesystem:Descriptor.stat"),
    ("filesystem/types",    "[method]descriptor.stat-at",                          "filesystem:Descriptor.stat_at"),
    ("filesystem/types",    "[method]descriptor.set-times-at",                     "filesystem:Descriptor.set_times_at"),
    ("filesystem/types",    "[method]descriptor.link-at",                          "filesystem:Descriptor.link_at"),
    ("filesystem/types",    "[method]descriptor.open-at",                          "filesystem:Descriptor.open_at"),
    ("filesystem/types",    "[method]descriptor.readlink-at",                      "filesystem:Descriptor.readlink_at"),
    ("filesystem/types",    "[method]descriptor.remove-directory-at",              "filesystem:Descriptor.remove_directory_at"),
    ("filesystem/types",    "[method]descriptor.rename-at",                        "filesystem:Descriptor.rename_at"),
    ("filesystem/types",    "[method]descriptor.symlink-at",                       "filesystem:Descriptor.symlink_at"),
    ("filesystem/types",    "[method]descriptor.unlink-file-at",                   "filesystem:Descriptor.unlink_file_at"),
    ("filesystem/types",    "[method]descriptor.is-same-object",                   "filesystem:Descriptor.is_same_object"),
    ("filesystem/types",    "[method]descriptor.metadata-hash",                    "filesystem:Descriptor.metadata_hash"),
    ("filesystem/types",    "[method]descriptor.metadata-hash-at",                 "filesystem:Descriptor.metadata_hash_at"),
    ("filesystem/types",    "[method]directory-entry-stream.read-directory-entry", "filesystem_streams:DirectoryEntryStream.read_directory_entry"),
    ("filesystem/types",    "filesystem-error-code",                               "filesystem_errors:filesystem_error_code"),
    ("filesystem/preopens", "get-directories",                                     "filesystem:get_directories"),
)  # fmt: skip

SOCKETS = (
    ("sockets/network",           "[resource]network",                                   "network:Network"),
    ("sockets/network",           "network-error-code",                                  "network:network_error_code"),
    ("sockets/instance-network",  "instance-network",                                    "network:instance_network"),
    ("sockets/ip-name-lookup",    "resolve-addresses",                                   "name_lookup:resolve_addresses"),
    ("sockets/ip-name-lookup",    "[method]resolve-address-stream.resolve-next-address", "name_lookup:ResolveAddressStream.resolve_next_address"),
    ("sockets/ip-name-lookup",    "[method]resolve-address-stream.subscribe",            "name_lookup:ResolveAddressStream.subscribe"),
    ("sockets/tcp-create-socket", "create-tcp-socket",                                   "tcp:create_tcp_socket"),
    ("sockets/tcp",               "[method]tcp-socket.start-bind",                       "tcp:TcpSocket.start_bind"),
    ("sockets/tcp",               "[method]tcp-socket.finish-bind",                      "tcp:TcpSocket.finish_bind"),
    ("sockets/tcp",               "[method]tcp-socket.start-connect",                    "tcp:TcpSocket.start_connect"),
    ("sockets/tcp",               "[method]tcp-socket.finish-connect",                   "tcp:TcpSocket.finish_connect"),
    ("sockets/tcp",               "[method]tcp-socket.start-listen",                     "tcp:TcpSocket.start_listen"),
    ("sockets/tcp",               "[method]tcp-socket.finish-listen",                    "tcp:TcpSocket.finish_listen"),
    ("sockets/tcp",               "[method]tcp-socket.accept",                           "tcp:TcpSocket.accept"),
    ("sockets/tcp",               "[method]tcp-socket.local-address",                    "tcp:TcpSocket.local_address"),
    ("sockets/tcp",               "[method]tcp-socket.remote-address",                   "tcp:TcpSocket.remote_address"),
    ("sockets/tcp",               "[method]tcp-socket.is-listening",                     "tcp:TcpSocket.is_listening"),
    ("sockets/tcp",               "[method]tcp-socket.address-family",                   "tcp:TcpSocket.address_family"),
    ("sockets/tcp",               "[method]tcp-socket.set-listen-backlog-size",          "tcp:TcpSocket.set_listen_backlog_size"),
    ("sockets/tcp",               "[method]tcp-socket.keep-alive-enabled",               "tcp:TcpSocket.keep_alive_enabled"),
    ("sockets/tcp",               "[method]tcp-socket.set-keep-alive-enabled",           "tcp:TcpSocket.set_keep_alive_enabled"),
    ("sockets/tcp",               "[method]tcp-socket.keep-alive-idle-time",             "tcp:TcpSocket.keep_alive_idle_time"),
    ("sockets/tcp",               "[method]tcp-socket.set-keep-alive-idle-time",         "tcp:TcpSocket.set_keep_alive_idle_time"),
    ("sockets/tcp",               "[method]tcp-socket.keep-alive-interval",              "tcp:TcpSocket.keep_alive_interval"),
    ("sockets/tcp",               "[method]tcp-socket.set-keep-alive-interval",          "tcp:TcpSocket.set_keep_alive_interval"),
    ("sockets/tcp",               "[method]tcp-socket.keep-alive-count",                 "tcp:TcpSocket.keep_alive_count"),
    ("sockets/tcp",               "[method]tcp-socket.set-keep-alive-count",             "tcp:TcpSocket.set_keep_alive_count"),
    ("sockets/tcp",               "[method]tcp-socket.hop-limit",                        "tcp:TcpSocket.hop_limit"),
    ("sockets/tcp",               "[method]tcp-socket.set-hop-limit",                    "tcp:TcpSocket.set_hop_limit"),
    ("sockets/tcp",               "[method]tcp-socket.receive-buffer-size",              "tcp:TcpSocket.receive_buffer_size"),
    ("sockets/tcp",               "[method]tcp-socket.set-receive-buffer-size",          "tcp:TcpSocket.set_receive_buffer_size"),
    ("sockets/tcp",               "[method]tcp-socket.send-buffer-size",                 "tcp:TcpSocket.send_buffer_size"),
    ("sockets/tcp",               "[method]tcp-socket.set-send-buffer-size",             "tcp:TcpSocket.set_send_buffer_size"),
    ("sockets/tcp",               "[method]tcp-socket.subscribe",                        "tcp:TcpSocket.subscribe"),
    ("sockets/tcp",               "[method]tcp-socket.shutdown",                         "tcp:TcpSocket.shutdown"),
    ("sockets/udp-create-socket", "create-udp-socket",                                   "udp:create_udp_socket"),
    ("sockets/udp",               "[method]udp-socket.start-bind",                       "udp:UdpSocket.start_bind"),
    ("sockets/udp",               "[method]udp-socket.finish-bind",                      "udp:UdpSocket.finish_bind"),
    ("sockets/udp",               "[method]udp-socket.stream",                           "udp:UdpSocket.stream"),
    ("sockets/udp",               "[method]udp-socket.local-address",                    "udp:UdpSocket.local_address"),
    ("sockets/udp",               "[method]udp-socket.remote-address",                   "udp:UdpSocket.remote_address"),
    ("sockets/udp",               "[method]udp-socket.address-family",                   "udp:UdpSocket.address_family"),
    ("sockets/udp",               "[method]udp-socket.unicast-hop-limit",                "udp:UdpSocket.unicast_hop_limit"),
    ("sockets/udp",               "[method]udp-socket.set-unicast-hop-limit",            "udp:UdpSocket.set_unicast_hop_limit"),
    ("sockets/udp",               "[method]udp-socket.receive-buffer-size",              "udp:UdpSocket.receive_buffer_size"),
    ("sockets/udp",               "[method]udp-socket.set-receive-buffer-size",          "udp:UdpSocket.set_receive_buffer_size"),
    ("sockets/udp",               "[method]udp-socket.send-buffer-size",                 "udp:UdpSocket.send_buffer_size"),
    ("sockets/udp",               "[method]udp-socket.set-send-buffer-size",             "udp:UdpSocket.set_send_buffer_size"),
    ("sockets/udp",               "[method]udp-socket.subscribe",                        "udp:UdpSocket.subscribe"),
    ("sockets/udp",               "[method]incoming-datagram-stream.receive",            "udp:IncomingDatagramStream.receive"),
    ("sockets/udp",               "[method]incoming-datagram-stream.subscribe",          "udp:IncomingDatagramStream.subscribe"),
    ("sockets/udp",               "[method]outgoing-datagram-stream.check-send",         "udp:OutgoingDatagramStream.check_send"),
    ("sockets/udp",               "[method]outgoing-datagram-stream.send",               "udp:OutgoingDatagramStream.send"),
    ("sockets/udp",               "[method]outgoing-datagram-stream.subscribe",          "udp:OutgoingDatagramStream.subscribe"),
)  # fmt: skip

WASI_HTTP = (
    ("http/types",            "http-error-code",                                   "http.errors:http_error_code"),
    ("http/types",            "[constructor]fields",                               "http.fields:Fields"),
    ("http/types",            "[static]fields.from-list",                          "http.fields:Fields.from_list"),
    ("http/types",            "[method]fields.get",                                "http.fields:Fields.get"),
    ("http/types",            "[method]fields.has",                                "http.fields:Fields.has"),
    ("http/types",            "[method]fields.set",                                "http.fields:Fields.set"),
    ("http/types",            "[method]fields.delete",                             "http.fields:Fields.delete"),
    ("http/types",            "[method]fields.append",                             "http.fields:Fields.append"),
    ("http/types",            "[method]fields.entries",                            "http.fields:Fields.entries"),
    ("http/types",            "[method]fields.clone",                              "http.fields:Fields.clone"),
    ("http/types",            "[method]incoming-request.method",                   "http.incoming:IncomingRequest.method"),
    ("http/types",            "[method]incoming-request.path-with-query",          "http.incoming:IncomingRequest.path_with_query"),
    ("http/types",            "[method]incoming-request.scheme",                   "http.incoming:IncomingRequest.scheme"),
    ("http/types",            "[method]incoming-request.authority",                "http.incoming:IncomingRequest.authority"),
    ("http/types",            "[method]incoming-request.headers",                  "http.incoming:IncomingRequest.headers"),
    ("http/types",            "[method]incoming-request.consume",                  "http.incoming:IncomingRequest.consume"),
    ("http/types",            "[constructor]outgoing-request",                     "http.message:OutgoingRequest"),
    ("http/types",            "[method]outgoing-request.body",                     "http.message:OutgoingRequest.body"),
    ("http/types",            "[method]outgoing-request.method",                   "http.message:OutgoingRequest.method"),
    ("http/types",            "[method]outgoing-request.set-method",               "http.message:OutgoingRequest.set_method"),
    ("http/types",            "[method]outgoing-request.path-with-query",          "http.message:OutgoingRequest.path_with_query"),
    ("http/types",            "[method]outgoing-request.set-path-with-query",      "http.message:OutgoingRequest.set_path_with_query"),
    ("http/types",            "[method]outgoing-request.scheme",                   "http.message:OutgoingRequest.scheme"),
    ("http/types",            "[method]outgoing-request.set-scheme",               "http.message:OutgoingRequest.set_scheme"),
    ("http/types",            "[method]outgoing-request.authority",                "http.message:OutgoingRequest.authority"),
    ("http/types",            "[method]outgoing-request.set-authority",            "http.message:OutgoingRequest.set_authority"),
    ("http/types",            "[method]outgoing-request.headers",                  "http.message:OutgoingRequest.headers"),
    ("http/types",            "[constructor]request-options",                      "http.message:RequestOptions"),
    ("http/types",            "[method]request-options.connect-timeout",           "http.message:RequestOptions.connect_timeout"),
    ("http/types",            "[method]request-options.set-connect-timeout",       "http.message:RequestOptions.set_connect_timeout"),
    ("http/types",            "[method]request-options.first-byte-timeout",        "http.message:RequestOptions.first_byte_timeout"),
    ("http/types",            "[method]request-options.set-first-byte-timeout",    "http.message:RequestOptions.set_first_byte_timeout"),
    ("http/types",            "[method]request-options.between-bytes-timeout",     "http.message:RequestOptions.between_bytes_timeout"),
    ("http/types",            "[method]request-options.set-between-bytes-timeout", "http.message:RequestOptions.set_between_bytes_timeout"),
    ("http/types",            "[method]response-outparam.send-informational",      "http.incoming:ResponseOutparam.send_informational"),
    ("http/types",            "[static]response-outparam.set",                     "http.incoming:ResponseOutparam.set"),
    ("http/types",            "[method]incoming-response.status",                  "http.outgoing:IncomingResponse.status"),
    ("http/types",            "[method]incoming-response.headers",                 "http.outgoing:IncomingResponse.headers"),
    ("http/types",            "[method]incoming-response.consume",                 "http.outgoing:IncomingResponse.consume"),
    ("http/types",            "[method]incoming-body.stream",                      "http.body:IncomingBody.stream"),
    ("http/types",            "[static]incoming-body.finish",                      "http.body:IncomingBody.finish"),
    ("http/types",            "[method]future-trailers.subscribe",                 "http.body:FutureTrailers.subscribe"),
    ("http/types",            "[method]future-trailers.get",                       "http.body:FutureTrailers.get"),
    ("http/types",            "[constructor]outgoing-response",                    "http.message:OutgoingResponse"),
    ("http/types",            "[method]outgoing-response.status-code",             "http.message:OutgoingResponse.status_code"),
    ("http/types",            "[method]outgoing-response.set-status-code",         "http.message:OutgoingResponse.set_status_code"),
    ("http/types",            "[method]outgoing-response.headers",                 "http.message:OutgoingResponse.headers"),
    ("http/types",            "[method]outgoing-response.body",                    "http.message:OutgoingResponse.body"),
    ("http/types",            "[method]outgoing-body.write",                       "http.body:OutgoingBody.write"),
    ("http/types",            "[static]outgoing-body.finish",                      "http.body:OutgoingBody.finish"),
    ("http/types",            "[method]future-incoming-response.subscribe",        "http.outgoing:FutureIncomingResponse.subscribe"),
    ("http/types",            "[method]future-incoming-response.get",              "http.outgoing:FutureIncomingResponse.get"),
    ("http/outgoing-handler", "handle",                                            "http.outgoing:handle"),
)  # fmt: skip

# Drafts, which match no other version: they have their own.
WASI_CONFIG = (
    ("config/store@0.2.0-rc.1", "get",     "config_store:get"),
    ("config/store@0.2.0-rc.1", "get-all", "config_store:get_all"),
)  # fmt: skip

WASI_KEYVALUE = (
    ("keyvalue/store@0.2.0-draft",   "open",                     "keyvalue:open_bucket"),
    ("keyvalue/store@0.2.0-draft",   "[method]bucket.get",       "keyvalue:Bucket.get"),
    ("keyvalue/store@0.2.0-draft",   "[method]bucket.set",       "keyvalue:Bucket.set"),
    ("keyvalue/store@0.2.0-draft",   "[method]bucket.delete",    "keyvalue:Bucket.delete"),
    ("keyvalue/store@0.2.0-draft",   "[method]bucket.exists",    "keyvalue:Bucket.exists"),
    ("keyvalue/store@0.2.0-draft",   "[method]bucket.list-keys", "keyvalue:Bucket.list_keys"),
    ("keyvalue/atomics@0.2.0-draft", "increment",                "keyvalue:increment"),
    ("keyvalue/batch@0.2.0-draft",   "get-many",                 "keyvalue:get_many"),
    ("keyvalue/batch@0.2.0-draft",   "set-many",                 "keyvalue:set_many"),
    ("keyvalue/batch@0.2.0-draft",   "delete-many",              "keyvalue:delete_many"),
)  # fmt: skip

# handler -> what its usual case is, in `wasm_environ.host.PLAIN_COMPONENT_CALLS`
PLAIN = {
    "clocks:now": "now",
    "clocks:wall_now": "wall_now",
    "random:get_random_u64": "random_number",
    "random:get_random_bytes": "random_bytes",
    "streams:InputStream.read": "read",
    "streams:InputStream.blocking_read": "read",
    "streams:OutputStream.check_write": "room",
    "streams:OutputStream.write": "write",
    "streams:OutputStream.blocking_write_and_flush": "write_and_flush",
    "streams:OutputStream.flush": "flush",
    "streams:OutputStream.blocking_flush": "flush",
    "filesystem:Descriptor.stat_at": "stat",
    "filesystem_streams:DirectoryEntryStream.read_directory_entry": "entry",
    "clocks:subscribe_duration": "timer",
    "clocks:subscribe_instant": "timer_until",
    "poll:poll": "timers",
    "poll:Pollable.ready": "timer_over",
    "poll:Pollable.block": "timer_wait",
}

# Modules whose functions, handed a guest, do nothing that is seen from outside of it: all others' call `Guest.settle` first. Methods do not: whoever has an
# object has called one of these functions.
UNSEEN = frozenset(("cli", "clocks", "config_store", "errors", "http.body", "http.fields", "http.incoming", "http.message", "poll", "random", "streams"))

# What `Linker.add_wasip2` defines, and what on request.
COMMAND = (IO, CLOCKS, RANDOM, CLI, FILESYSTEM, SOCKETS)
CONFIG = (WASI_CONFIG,)
KEYVALUE = (WASI_KEYVALUE,)
HTTP = (WASI_HTTP,)


def by_interface(packages: Iterable[tuple[Row, ...]]) -> dict[str, dict[str, str]]:
    """Interface -> function -> handler."""
    found: dict[str, dict[str, str]] = {}
    for rows in packages:
        for interface, function, handler in rows:
            found.setdefault(interface, {})[function] = handler
    return found
