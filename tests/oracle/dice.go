package main

import (
	"encoding/json"
	"math/rand/v2"
)

// dice are the random choices of one case. The same seed and number always throw the same.
type dice struct{ *rand.Rand }

// object is a JSON object. The generator writes JSON and not API types, so that quantities keep the
// form in which somebody wrote them, and absent fields stay absent.
type object = map[string]any

func newDice(seed uint64, number int) dice {
	return dice{rand.New(rand.NewPCG(seed, uint64(number)))}
}

func (d dice) chance(probability float64) bool {
	return d.Float64() < probability
}

// between returns a number from low to high, both included.
func (d dice) between(low, high int) int {
	return low + d.IntN(high-low+1)
}

func pick[T any](d dice, from ...T) T {
	return from[d.IntN(len(from))]
}

// some picks each element with the probability, keeping the order, and at least `least` of them.
func some[T any](d dice, probability float64, least int, from ...T) []T {
	for {
		var picked []T
		for _, element := range from {
			if d.chance(probability) {
				picked = append(picked, element)
			}
		}
		if len(picked) >= least {
			return picked
		}
	}
}

// setIf sets a field with the probability.
func (d dice) setIf(probability float64, in object, field string, value func() any) {
	if d.chance(probability) {
		in[field] = value()
	}
}

// throughJSON turns generated JSON into API types, as reading it from a file would.
func throughJSON(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
