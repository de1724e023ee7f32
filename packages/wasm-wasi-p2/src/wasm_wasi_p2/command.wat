;; What a program of preview 1 needs as a component (command.py): of the first WASI 0.2, so that every later one serves. `main`, no import of the
;; component's that anybody else sees, runs the program.
(component
  (import "wasi:io/error@0.2.0" (instance $io-error
    (export "error" (type $error (sub resource)))
    (export "[method]error.to-debug-string" (func (param "self" (borrow $error)) (result string)))))
  (alias export $io-error "error" (type $error))

  (import "wasi:io/poll@0.2.0" (instance $io-poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $io-poll "pollable" (type $pollable))

  (import "wasi:io/streams@0.2.0" (instance $io-streams
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (export "input-stream" (type $input-stream (sub resource)))
    (export "output-stream" (type $output-stream (sub resource)))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $input-stream)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $io-streams "input-stream" (type $input-stream))
  (alias export $io-streams "output-stream" (type $output-stream))

  (import "wasi:clocks/wall-clock@0.2.0" (instance $clocks-wall-clock
    (type $datetime' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $datetime')))
    (export "now" (func (result $datetime)))))
  (alias export $clocks-wall-clock "datetime" (type $datetime))

  (import "wasi:clocks/monotonic-clock@0.2.0" (instance
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))

  (import "wasi:random/random@0.2.0" (instance (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))

  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:cli/exit@0.2.0" (instance (export "exit" (func (param "status" (result))))))
  (import "wasi:cli/stdin@0.2.0" (instance
    (alias outer 1 $input-stream (type $outer-input-stream))
    (export "input-stream" (type $input-stream (eq $outer-input-stream)))
    (export "get-stdin" (func (result (own $input-stream))))))
  (import "wasi:cli/stdout@0.2.0" (instance
    (alias outer 1 $output-stream (type $outer-output-stream))
    (export "output-stream" (type $output-stream (eq $outer-output-stream)))
    (export "get-stdout" (func (result (own $output-stream))))))
  (import "wasi:cli/stderr@0.2.0" (instance
    (alias outer 1 $output-stream (type $outer-output-stream))
    (export "output-stream" (type $output-stream (eq $outer-output-stream)))
    (export "get-stderr" (func (result (own $output-stream))))))
  (import "wasi:cli/terminal-input@0.2.0" (instance $terminal-input (export "terminal-input" (type (sub resource)))))
  (alias export $terminal-input "terminal-input" (type $terminal-input))
  (import "wasi:cli/terminal-output@0.2.0" (instance $terminal-output (export "terminal-output" (type (sub resource)))))
  (alias export $terminal-output "terminal-output" (type $terminal-output))
  (import "wasi:cli/terminal-stdin@0.2.0" (instance
    (alias outer 1 $terminal-input (type $outer-terminal-input))
    (export "terminal-input" (type $terminal-input (eq $outer-terminal-input)))
    (export "get-terminal-stdin" (func (result (option (own $terminal-input)))))))
  (import "wasi:cli/terminal-stdout@0.2.0" (instance
    (alias outer 1 $terminal-output (type $outer-terminal-output))
    (export "terminal-output" (type $terminal-output (eq $outer-terminal-output)))
    (export "get-terminal-stdout" (func (result (option (own $terminal-output)))))))
  (import "wasi:cli/terminal-stderr@0.2.0" (instance
    (alias outer 1 $terminal-output (type $outer-terminal-output))
    (export "terminal-output" (type $terminal-output (eq $outer-terminal-output)))
    (export "get-terminal-stderr" (func (result (option (own $terminal-output)))))))

  (import "wasi:filesystem/types@0.2.0" (instance $filesystem-types
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (alias outer 1 $datetime (type $outer-datetime))
    (export "datetime" (type $datetime (eq $outer-datetime)))
    (export "descriptor" (type $descriptor (sub resource)))
    (export "directory-entry-stream" (type $directory-entry-stream (sub resource)))
    (type $descriptor-type'
      (enum "unknown" "block-device" "character-device" "directory" "fifo" "symbolic-link" "regular-file" "socket"))
    (export "descriptor-type" (type $descriptor-type (eq $descriptor-type')))
    (type $descriptor-flags'
      (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $descriptor-flags')))
    (type $descriptor-stat' (record (field "type" $descriptor-type) (field "link-count" u64) (field "size" u64)
      (field "data-access-timestamp" (option $datetime)) (field "data-modification-timestamp" (option $datetime))
      (field "status-change-timestamp" (option $datetime))))
    (export "descriptor-stat" (type $descriptor-stat (eq $descriptor-stat')))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $new-timestamp' (variant (case "no-change") (case "now") (case "timestamp" $datetime)))
    (export "new-timestamp" (type $new-timestamp (eq $new-timestamp')))
    (type $directory-entry' (record (field "type" $descriptor-type) (field "name" string)))
    (export "directory-entry" (type $directory-entry (eq $directory-entry')))
    (type $error-code' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large"
      "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size" "name-too-long"
      "no-device" "no-entry" "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported"
      "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $error-code')))
    (type $metadata-hash-value' (record (field "lower" u64) (field "upper" u64)))
    (export "metadata-hash-value" (type $metadata-hash-value (eq $metadata-hash-value')))
    (type $self (borrow $descriptor))
    (type $done (result (error $error-code)))
    (type $stat (result $descriptor-stat (error $error-code)))
    (type $hash (result $metadata-hash-value (error $error-code)))
    (export "[method]descriptor.get-type" (func (param "self" $self) (result (result $descriptor-type (error $error-code)))))
    (export "[method]descriptor.set-size" (func (param "self" $self) (param "size" u64) (result $done)))
    (export "[method]descriptor.set-times" (func (param "self" $self) (param "data-access-timestamp" $new-timestamp)
      (param "data-modification-timestamp" $new-timestamp) (result $done)))
    (export "[method]descriptor.read" (func (param "self" $self) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $error-code)))))
    (export "[method]descriptor.write" (func (param "self" $self) (param "buffer" (list u8)) (param "offset" u64)
      (result (result u64 (error $error-code)))))
    (export "[method]descriptor.read-directory" (func (param "self" $self) (result (result (own $directory-entry-stream) (error $error-code)))))
    (export "[method]descriptor.sync" (func (param "self" $self) (result $done)))
    (export "[method]descriptor.create-directory-at" (func (param "self" $self) (param "path" string) (result $done)))
    (export "[method]descriptor.stat" (func (param "self" $self) (result $stat)))
    (export "[method]descriptor.stat-at" (func (param "self" $self) (param "path-flags" $path-flags) (param "path" string) (result $stat)))
    (export "[method]descriptor.set-times-at" (func (param "self" $self) (param "path-flags" $path-flags) (param "path" string)
      (param "data-access-timestamp" $new-timestamp) (param "data-modification-timestamp" $new-timestamp) (result $done)))
    (export "[method]descriptor.link-at" (func (param "self" $self) (param "old-path-flags" $path-flags) (param "old-path" string)
      (param "new-descriptor" (borrow $descriptor)) (param "new-path" string) (result $done)))
    (export "[method]descriptor.open-at" (func (param "self" $self) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags) (result (result (own $descriptor) (error $error-code)))))
    (export "[method]descriptor.readlink-at" (func (param "self" $self) (param "path" string) (result (result string (error $error-code)))))
    (export "[method]descriptor.remove-directory-at" (func (param "self" $self) (param "path" string) (result $done)))
    (export "[method]descriptor.rename-at" (func (param "self" $self) (param "old-path" string) (param "new-descriptor" (borrow $descriptor))
      (param "new-path" string) (result $done)))
    (export "[method]descriptor.symlink-at" (func (param "self" $self) (param "old-path" string) (param "new-path" string) (result $done)))
    (export "[method]descriptor.unlink-file-at" (func (param "self" $self) (param "path" string) (result $done)))
    (export "[method]descriptor.metadata-hash" (func (param "self" $self) (result $hash)))
    (export "[method]descriptor.metadata-hash-at" (func (param "self" $self) (param "path-flags" $path-flags) (param "path" string) (result $hash)))
    (export "[method]directory-entry-stream.read-directory-entry" (func (param "self" (borrow $directory-entry-stream))
      (result (result (option $directory-entry) (error $error-code)))))
    (export "filesystem-error-code" (func (param "err" (borrow $error)) (result (option $error-code))))))
  (alias export $filesystem-types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance
    (alias outer 1 $descriptor (type $outer-descriptor))
    (export "descriptor" (type $descriptor (eq $outer-descriptor)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))

  (import "main" (func $main (result (result))))
  (core func $lowered (canon lower (func $main)))
  (func $run (result (result)) (canon lift (core func $lowered)))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))
