// hello: the Go runtime, fmt, maps, sorting and JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

func main() {
	counts := map[string]int{}
	for _, argument := range os.Args[1:] {
		counts[argument]++
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	text, err := json.Marshal(map[string]any{"names": names, "counts": counts})
	if err != nil {
		panic(err)
	}
	fmt.Println("hello from Go:", string(text))
}
