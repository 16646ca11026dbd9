module autocert.test/admission

go 1.26
