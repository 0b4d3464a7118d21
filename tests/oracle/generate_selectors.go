package main

import (
	"maps"
	"slices"
)

// podLabels are labels that selectors know.
func (g *generator) podLabels() object {
	labels := object{}
	g.setIf(0.9, labels, "app", func() any { return pick(g.dice, "web", "web", "web", "db", "cache") })
	g.setIf(0.6, labels, "tier", func() any { return pick(g.dice, "fe", "be") })
	g.setIf(0.4, labels, "version", func() any { return pick(g.dice, "v1", "v2", "") })
	g.setIf(0.4, labels, "pod-template-hash", func() any { return pick(g.dice, "h1", "h2") })
	return labels
}

// podSelector is a selector of pods, or nil for an absent one.
func (g *generator) podSelector() object {
	switch {
	case g.chance(0.06):
		return nil
	case g.chance(0.08):
		return object{}
	}
	selector := object{}
	if g.chance(0.75) {
		labels := object{"app": pick(g.dice, "web", "web", "db", "cache")}
		g.setIf(0.2, labels, "tier", func() any { return pick(g.dice, "fe", "be") })
		selector["matchLabels"] = labels
	}
	if len(selector) == 0 || g.chance(0.2) {
		selector["matchExpressions"] = g.labelExpressions(map[string][]string{
			"app": {"web", "db", "cache"}, "tier": {"fe", "be"}, "absent": {"x"},
		})
	}
	return selector
}

// namespaceSelector often has expressions that match the empty label set.
func (g *generator) namespaceSelector() object {
	if g.chance(0.15) {
		return object{}
	}
	return object{"matchExpressions": g.labelExpressions(map[string][]string{
		"team": {"a", "b"}, "env": {"prod", "dev", ""}, "kubernetes.io/metadata.name": {"default", "team-a", "prod"},
	})}
}

func (g *generator) labelExpressions(values map[string][]string) []object {
	var expressions []object
	for _, key := range some(g.dice, 0.45, 1, sortedKeys(values)...) {
		expression := object{"key": key, "operator": pick(g.dice, "In", "In", "NotIn", "Exists", "DoesNotExist")}
		if operator := expression["operator"]; operator == "In" || operator == "NotIn" {
			expression["values"] = some(g.dice, 0.6, 1, values[key]...)
		}
		expressions = append(expressions, expression)
	}
	return expressions
}

// labelKeys are keys for matchLabelKeys and mismatchLabelKeys. No selector of ours names them: the
// API refuses a key that is in both.
func (g *generator) labelKeys() []string {
	return some(g.dice, 0.5, 1, "pod-template-hash", "version", "nokey")
}

func sortedKeys[V any](of map[string]V) []string {
	return slices.Sorted(maps.Keys(of))
}
