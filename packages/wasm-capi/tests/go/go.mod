module embedding

go 1.18
