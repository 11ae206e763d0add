package auth

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of the claims of a token.
const (
	maxClaims      = 50
	maxClaimValues = 1000 // of a list
	maxClaimLength = 1000 // of a value, in characters
)

// claimName matches the names of claims. With "claim_" before it, a name is that of
// a parameter, which has 64 characters at most.
var claimName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,57}$`)

func (e *entry) setClaims(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode || len(node.Content) == 0 || len(node.Content) > 2*maxClaims {
		return lineError(node, "claims: want 1..%d names with their values, such as {region: eu, shops: [1, 2]}", maxClaims)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		c := Claim{Name: key.Value}
		if !claimName.MatchString(c.Name) {
			return lineError(key, "claims: %q, want names of up to 58 of a-z, 0-9 and _, beginning with a letter", c.Name)
		}
		if slices.ContainsFunc(e.identity.Claims, func(o Claim) bool { return o.Name == c.Name }) {
			return lineError(key, "claims.%s: given twice", c.Name)
		}
		if err := c.set(value); err != nil {
			return err
		}
		e.identity.Claims = append(e.identity.Claims, c)
	}
	return nil
}

func (c *Claim) set(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode {
		c.Value = node.Value
		return c.check(node)
	}
	if len(node.Content) == 0 || len(node.Content) > maxClaimValues {
		return lineError(node, "claims.%s: list of %d values, want 1..%d", c.Name, len(node.Content), maxClaimValues)
	}
	for _, one := range node.Content {
		if err := c.check(one); err != nil {
			return err
		}
		c.Values = append(c.Values, one.Value)
	}
	return nil
}

// check checks one value. The error does not repeat it.
func (c *Claim) check(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || node.Value == "" || utf8.RuneCountInString(node.Value) > maxClaimLength {
		return lineError(node, "claims.%s: want a text, number or boolean of 1..%d characters, or a list of these", c.Name, maxClaimLength)
	}
	return nil
}
