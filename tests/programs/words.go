// words: the commonest words of a file or standard input, counted by goroutines; one line a word.
package main

import (
	"bytes"
	"io"
	"os"
	"sort"
	"strconv"
)

func main() {
	text, err := read()
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(4)
	}
	parts := bytes.Fields(text)
	results := make(chan map[string]int)
	const workers = 4
	for i := range workers {
		go func() {
			counts := map[string]int{}
			for _, word := range parts[len(parts)*i/workers : len(parts)*(i+1)/workers] {
				counts[string(word)]++
			}
			results <- counts
		}()
	}
	total := map[string]int{}
	for range workers {
		for word, count := range <-results {
			total[word] += count
		}
	}
	words := make([]string, 0, len(total))
	for word := range total {
		words = append(words, word)
	}
	sort.Slice(words, func(i, j int) bool {
		return total[words[i]] > total[words[j]] || total[words[i]] == total[words[j]] && words[i] < words[j]
	})
	for _, word := range words[:min(10, len(words))] {
		os.Stdout.WriteString(word + " " + strconv.Itoa(total[word]) + "\n")
	}
}

func read() ([]byte, error) {
	if len(os.Args) > 1 {
		return os.ReadFile(os.Args[1])
	}
	return io.ReadAll(os.Stdin)
}
