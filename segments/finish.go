package segments

// finish ends the files and notes in the manifest what became of them.
func (x *execution) finish() {
	for _, o := range x.outputs {
		if o.err != nil {
			o.discard()
			x.manifest.Failed = append(x.manifest.Failed, Failure{Segment: o.name, Error: o.err.Error()})
			continue
		}
		x.end(o)
	}
	x.objections = x.plan.Export.Guard.objections(x.parts, x.plan.Bases)
}

// end ends the files of a segment that is whole.
func (x *execution) end(o *output) {
	part := Part{Segment: o.name, Members: x.plan.Book != nil}
	for _, f := range o.files {
		entry := f.close()
		x.manifest.Files = append(x.manifest.Files, entry)
		part.Rows = entry.Rows
	}
	x.parts = append(x.parts, part)
	o.roll.close()
	if o.delta == nil {
		return
	}
	x.manifest.Files = append(x.manifest.Files, o.delta.close(x.plan.Bases[o.name], x.plan.Export.Name)...)
	if o.delta.err != nil {
		x.manifest.Failed = append(x.manifest.Failed, Failure{o.name, Delta, o.delta.trouble(o.roll.unkept).Error()})
	}
}

func (o *output) discard() {
	for _, f := range o.files {
		f.discard()
	}
	o.abandon()
}

// abandon ends what later runs would read.
func (o *output) abandon() {
	if o.roll != nil {
		o.roll.abandon()
	}
	if o.delta != nil {
		o.delta.abandon()
	}
}
