// Command gotemplate renders text/template templates with the functions of step-ca: sprig's without env and expandenv,
// plus step's own. One JSON object {"name","template","data"} a line in, one {"output"} or {"error"} a line out, both
// base64 so that bytes that are no text survive. With "crypto": true the data is step's own template data.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"text/template"

	"go.step.sm/crypto/x509util"
)

type job struct {
	Template []byte `json:"template"`
	Data     []byte `json:"data"`
}

type result struct {
	Output []byte `json:"output"`
	Error  []byte `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var j job
			if err := json.Unmarshal(line, &j); err != nil {
				panic(err)
			}
			if err := out.Encode(run(j)); err != nil {
				panic(err)
			}
		}
		if err != nil {
			return
		}
	}
}

func run(j job) result {
	var data any
	if len(j.Data) > 0 {
		if err := json.Unmarshal(j.Data, &data); err != nil {
			panic(err)
		}
	}
	parsed, err := template.New("template").Funcs(x509util.GetFuncMap()).Parse(string(j.Template))
	if err != nil {
		return result{Error: []byte(err.Error())}
	}
	var buffer bytes.Buffer
	if err := parsed.Execute(&buffer, data); err != nil {
		return result{Output: buffer.Bytes(), Error: []byte(err.Error())}
	}
	return result{Output: buffer.Bytes()}
}
