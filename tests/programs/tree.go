// tree: file trees, standard input, timers, sockets that were given: what it does is its first argument.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func digest(name string, from io.Reader) {
	hasher := sha256.New()
	size, err := io.Copy(hasher, from)
	check(err)
	fmt.Printf("%s %d %x\n", name, size, hasher.Sum(nil))
}

func tree(root string) {
	check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			file, err := os.Open(path)
			check(err)
			digest(path, file)
			check(file.Close())
		} else {
			fmt.Println(path, entry.Type(), err)
		}
		return nil
	}))
	made := filepath.Join(root, "made", "deep")
	check(os.MkdirAll(made, 0o777))
	check(os.WriteFile(filepath.Join(made, "file"), []byte("written"), 0o666))
	check(os.Rename(filepath.Join(made, "file"), filepath.Join(root, "made", "moved")))
	check(os.Symlink("../moved", filepath.Join(made, "link")))
	text, err := os.ReadFile(filepath.Join(made, "link"))
	fmt.Println(string(text), err)
	for _, path := range []string{"../../etc/passwd", "none", "empty/x"} {
		_, err := os.Open(filepath.Join(root, "made") + "/../" + path)
		fmt.Println(err)
	}
	fmt.Println(os.Remove(filepath.Join(root, "made")))
	check(os.RemoveAll(filepath.Join(root, "made")))
	_, err = os.Stat(made)
	fmt.Println(err)
}

func timers() {
	start, ended := time.Now(), make(chan int)
	for _, ms := range []int{900, 300, 600} {
		go func() {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			ended <- ms
		}()
	}
	for range 3 {
		ms := <-ended
		fmt.Println(ms, time.Since(start) >= time.Duration(ms)*time.Millisecond)
	}
}

// Side by side: the first connection may say nothing until the last is over.
func echo(connections int) {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	check(err)
	sizes := make(chan int64)
	for range connections {
		peer, err := listener.Accept()
		check(err)
		go func() {
			size, err := io.Copy(peer, peer)
			check(err)
			check(peer.Close())
			sizes <- size
		}()
	}
	total := int64(0)
	for range connections {
		total += <-sizes
	}
	fmt.Println(connections, total)
}

func main() {
	switch os.Args[1] {
	case "tree":
		tree(os.Args[2])
	case "digest":
		digest("-", os.Stdin)
	case "timers":
		timers()
	case "echo":
		count, err := strconv.Atoi(os.Args[2])
		check(err)
		echo(count)
	}
}
