// Renders a chart without Helm: Go's own templates, Helm's function library (sprig), and the three functions that Helm adds
// and the chart uses. No hooks, no order of installation, no dependencies, no schema: the tests look after that.
// Usage: render CHART RELEASE VALUES...; later values win.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

func read(path string) map[string]interface{} {
	text, err := os.ReadFile(path)
	check(err)
	values := map[string]interface{}{}
	check(yaml.Unmarshal(text, &values))
	return values
}

func merge(into, from map[string]interface{}) {
	for key, value := range from {
		if inner, ok := value.(map[string]interface{}); ok {
			if outer, ok := into[key].(map[string]interface{}); ok {
				merge(outer, inner)
				continue
			}
		}
		into[key] = value
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	folder := os.Args[1]
	chart, values := read(filepath.Join(folder, "Chart.yaml")), read(filepath.Join(folder, "values.yaml"))
	for _, path := range os.Args[3:] {
		merge(values, read(path))
	}
	// Helm's names for what the chart says of itself.
	about := map[string]interface{}{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]}
	all := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["include"] = func(name string, value interface{}) (string, error) {
		var text bytes.Buffer
		err := all.ExecuteTemplate(&text, name, value)
		return text.String(), err
	}
	all.Funcs(functions)
	paths, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	check(err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(err)
		_, err = all.New(filepath.Base(path)).Parse(string(text))
		check(err)
	}
	for _, path := range paths {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		fmt.Printf("---\n# Source: %s\n", filepath.Base(path))
		check(all.ExecuteTemplate(os.Stdout, filepath.Base(path), map[string]interface{}{
			"Values":  values,
			"Chart":   about,
			"Release": map[string]interface{}{"Name": os.Args[2], "Namespace": "default", "Service": "Helm"},
		}))
		fmt.Println()
	}
}
